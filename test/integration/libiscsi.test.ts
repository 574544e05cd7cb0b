import { pino } from "pino"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import type { Target } from "../../src/target/target.ts"
import { chap, openPlainDoor, randomDisk, startLabTarget, targetName } from "../support/iscsi-lab.ts"
import { type Finished, run, type RunOptions } from "../support/run.ts"

/** An independent initiator with a conformance suite. It has no TLS, hence the door, and MD5 as its only CHAP. */
let target: Target
let door: Awaited<ReturnType<typeof openPlainDoor>>
/** Logins that the target refused because their CHAP_I was its own. */
let sameIdentifier = 0

beforeAll(async () => {
  const disks = [randomDisk("disk-1", 64 << 20, "data-orders-0"), randomDisk("disk-2", 1 << 20)]
  const write = (line: string) => void (sameIdentifier += Number(line.includes("reuses the target's CHAP_I")))
  target = await startLabTarget(disks, { chapAlgorithms: [7, 5], log: pino({ level: "warn" }, { write }) })
  door = await openPlainDoor(target.port)
})
afterAll(async () => {
  door.close()
  await target.close()
})

function url(path: string, secrets = chap): string {
  const login = `${secrets.initiatorUser}%${secrets.initiatorSecret}`
  return `iscsi://${login}@127.0.0.1:${door.port}/${path}?target_user=${secrets.targetUser}&target_password=${secrets.targetSecret}`
}

/**
 * As `run`. libiscsi chooses its CHAP_I without a look at the target's, which is refused when they are the same: one login in
 * 256. What came of that, and nothing else, is not counted, and it has another go.
 */
async function libiscsi(program: string, args: string[], options?: RunOptions): Promise<Finished> {
  for (;;) {
    const before = sameIdentifier
    const [outcome] = await Promise.allSettled([run(program, args, options)])
    if (sameIdentifier > before) continue
    if (outcome.status === "rejected") throw outcome.reason
    return outcome.value
  }
}

const unit = (lun: number) => url(`${targetName}/${lun}`)

test("iscsi-ls discovers the target", async () => {
  const { stdout } = await libiscsi("iscsi-ls", [url("")])
  expect(stdout).toContain(`Target:${targetName}`)
})

test("iscsi-ls with a wrong secret is refused", async () => {
  const { code, stderr } = await libiscsi("iscsi-ls", [url("", { ...chap, initiatorSecret: "not the right secret" })], {
    accept: undefined,
  })
  expect([code === 0, stderr]).toEqual([false, expect.stringMatching(/[Aa]uthentication/)])
})

test("iscsi-inq and iscsi-readcapacity16 tell the disk", async () => {
  const serial = await libiscsi("iscsi-inq", ["-e", "1", "-c", "128", unit(0)])
  expect(serial.stdout).toContain("disk-1")
  const capacity = await libiscsi("iscsi-readcapacity16", [unit(1)])
  expect(capacity.stdout).toContain("Total size:1048576")
})

describe("the conformance suite passes for", () => {
  const scsi = "Inquiry Mandatory ModeSense6 NoMedia Prefetch10 Prefetch16 PreventAllow Read6 Read10 Read12 Read16 "
  const more = "ReadCapacity10 ReadCapacity16 ReportSupportedOpcodes StartStopUnit TestUnitReady"
  const suites = `${scsi}${more}`.split(" ").map((name) => `SCSI.${name}`)
  const protocol = ["iSCSI.iSCSIResiduals", "iSCSI.iSCSITMF", "iSCSI.iSCSIcmdsn", "iSCSI.iSCSIdatasn"]
  // ReadOnly tries all writes and wants them refused; elsewhere --dataloss would want them to succeed
  test.each([...suites, ...protocol, "SCSI.ReadOnly"])("%s", async (suite) => {
    const mode = suite === "SCSI.ReadOnly" ? ["--dataloss"] : []
    const { stdout, code } = await libiscsi("iscsi-test-cu", [...mode, "--fail", "-n", "-t", suite, unit(0)], {
      accept: undefined,
    })
    const failures = stdout.split("\n").filter((line) => line.includes("[FAILED]") || line.includes("CU_ASSERT"))
    expect({ code, failures }).toEqual({ code: 0, failures: [] })
  })
})

test("no write got through, and each was counted", async () => {
  const writes = target.counters().writeAttempts
  await libiscsi("iscsi-test-cu", ["--dataloss", "-n", "-t", "SCSI.ReadOnly", unit(0)], { accept: undefined })
  expect(target.counters().writeAttempts).toBeGreaterThan(writes)
  expect(target.counters().refused).toMatchObject({ tls: 0, certificate: 0, protocol: 0, limit: 0 })
})
