/** What both ends agreed on, as far as it changes what the target does. Sizes in bytes. */
export interface Agreed {
  /** The initiator's MaxRecvDataSegmentLength: the longest Data-In payload it takes. */
  maxDataInBytes: number
  /** MaxBurstLength: where a sequence of Data-In PDUs ends with the F bit. */
  maxBurstBytes: number
}

/** What holds until somebody says otherwise (RFC 7143 sections 13.12 and 13.13). */
export const standardAgreed: Readonly<Agreed> = { maxDataInBytes: 8192, maxBurstBytes: 262_144 }

/** What the target takes in one PDU: it receives no data, only keys and pings. */
export const targetMaxReceiveBytes = 8192

type Answer = (value: string, agreed: Agreed) => string | undefined

const declared: Answer = () => undefined
const always =
  (value: string): Answer =>
  () =>
    value
const noneOf: Answer = (value) => (value.split(",").includes("None") ? "None" : "Reject")
const atMost =
  (least: number, most: number): Answer =>
  (value) =>
    String(clamp(value, least, most) ?? "Reject")

/**
 * The target's answer to each operational key (section 13). Chosen so that no write data is ever solicited
 * (InitialR2T=Yes, ImmediateData=No) and nothing is recovered inside a session (ErrorRecoveryLevel=0).
 */
const answers: Readonly<Record<string, Answer>> = {
  InitiatorName: declared,
  InitiatorAlias: declared,
  TargetName: declared,
  SessionType: declared,
  HeaderDigest: noneOf,
  DataDigest: noneOf,
  MaxRecvDataSegmentLength: (value, agreed) => {
    const size = clamp(value, 512, 0xffffff)
    if (size === undefined) return "Reject"
    agreed.maxDataInBytes = size
    return String(targetMaxReceiveBytes)
  },
  MaxBurstLength: (value, agreed) => {
    const size = clamp(value, 512, 16_776_192)
    if (size === undefined) return "Reject"
    agreed.maxBurstBytes = size
    return String(size)
  },
  FirstBurstLength: atMost(512, 65_536),
  DefaultTime2Wait: atMost(2, 3600),
  DefaultTime2Retain: always("0"),
  MaxOutstandingR2T: always("1"),
  MaxConnections: always("1"),
  ErrorRecoveryLevel: always("0"),
  InitialR2T: always("Yes"),
  ImmediateData: always("No"),
  DataPDUInOrder: always("Yes"),
  DataSequenceInOrder: always("Yes"),
  IFMarker: always("No"),
  OFMarker: always("No"),
  TaskReporting: always("RFC3720"),
  iSCSIProtocolLevel: always("1"),
}

/** Answers one key of the initiator and notes what was agreed; undefined when the key is a mere declaration. */
export function answerKey(key: string, value: string, agreed: Agreed): string | undefined {
  const answer = Object.hasOwn(answers, key) ? answers[key] : undefined
  return answer ? answer(value, agreed) : "NotUnderstood"
}

/** The initiator's operational offer; the counterpart of the table above. */
export function initiatorOffer(maxReceiveBytes: number, maxBurstBytes: number): Array<readonly [string, string]> {
  return [
    ["HeaderDigest", "None"],
    ["DataDigest", "None"],
    ["MaxRecvDataSegmentLength", String(maxReceiveBytes)],
    ["MaxBurstLength", String(maxBurstBytes)],
    ["FirstBurstLength", "65536"],
    ["InitialR2T", "Yes"],
    ["ImmediateData", "No"],
    ["MaxOutstandingR2T", "1"],
    ["MaxConnections", "1"],
    ["ErrorRecoveryLevel", "0"],
    ["DefaultTime2Wait", "2"],
    ["DefaultTime2Retain", "0"],
    ["DataPDUInOrder", "Yes"],
    ["DataSequenceInOrder", "Yes"],
  ]
}

function clamp(value: string, least: number, most: number): number | undefined {
  return /^\d{1,10}$/.test(value) ? Math.min(most, Math.max(least, Number(value))) : undefined
}
