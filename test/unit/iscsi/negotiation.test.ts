import { expect, test } from "vitest"
import { answerKey, initiatorOffer, standardAgreed } from "../../../src/iscsi/negotiation.ts"

test.each([
  ["HeaderDigest", "CRC32C,None", "None"],
  ["HeaderDigest", "CRC32C", "Reject"],
  ["DataDigest", "None", "None"],
  ["MaxRecvDataSegmentLength", "262144", "8192"],
  ["MaxRecvDataSegmentLength", "many", "Reject"],
  ["MaxBurstLength", "16776192", "16776192"],
  ["MaxBurstLength", "16777215", "16776192"],
  ["MaxBurstLength", "1", "512"],
  ["FirstBurstLength", "262144", "65536"],
  ["InitialR2T", "No", "Yes"],
  ["ImmediateData", "Yes", "No"],
  ["MaxConnections", "8", "1"],
  ["ErrorRecoveryLevel", "2", "0"],
  ["DefaultTime2Wait", "-1", "Reject"],
  ["InitiatorAlias", "me", undefined],
  ["X-com.example", "1", "NotUnderstood"],
  ["constructor", "1", "NotUnderstood"],
])("%s=%s is answered with %s", (key, value, answer) =>
  expect(answerKey(key, value, { ...standardAgreed })).toBe(answer),
)

test("sizes the target acts on are noted", () => {
  const agreed = { ...standardAgreed }
  answerKey("MaxRecvDataSegmentLength", "65536", agreed)
  answerKey("MaxBurstLength", "131072", agreed)
  expect(agreed).toEqual({ maxDataInBytes: 65_536, maxBurstBytes: 131_072 })
})

test("nothing our own initiator offers is rejected or not understood", () => {
  const answers = initiatorOffer(262_144, 16_776_192).map(([key, value]) =>
    answerKey(key, value, { ...standardAgreed }),
  )
  expect(answers).not.toContain("Reject")
  expect(answers).not.toContain("NotUnderstood")
})
