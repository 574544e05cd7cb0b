import { afterEach, beforeEach, expect, test } from "vitest"
import { fingerprintOf } from "../../src/api/public-key.ts"
import type { SessionSpecInput } from "../../src/api/spec.ts"
import { loginKeyFrom } from "../../src/credentials/ssh-key.ts"
import { openSessionLab, type SessionLab, sessionPath } from "../support/session-lab.ts"
import { paths } from "../support/session-world.ts"

/** SFTP of whole sessions: real reconciles, real control ports over TLS. */
let lab: SessionLab
beforeEach(async () => void (lab = await openSessionLab()))
afterEach(() => lab.close())

const [ann = "", ben = ""] = ["ann", "ben"].map((name) => loginKeyFrom(name).publicKey)
const spec: SessionSpecInput = { source: { persistentVolumeClaims: [{ name: "data" }] } }
const start = async (access: SessionSpecInput["access"] = {}) => {
  lab.world.session("orders", { ...spec, access })
  await lab.until(() => lab.phase() === "Ready")
  await lab.look()
}
const change = async (publicKeys: string[] | null) => {
  lab.api.objects.patch(sessionPath, { spec: { access: { publicKeys } } })
  await lab.look()
}

test("the status says where SFTP is, and keys of the spec are told to the pod, before and whenever they change", async () => {
  await start({ publicKeys: [ann] })
  const { sftpPort, sftpHostKey } = lab.world.status("orders").access ?? {}
  expect([sftpPort, sftpHostKey]).toEqual([2022, lab.world.sftp.hostKey])
  const known = [[...lab.world.sftp.publicKeys]]
  for (const keys of [[ann, ben], [ben], null]) {
    await change(keys)
    known.push(lab.world.sftp.publicKeys)
  }
  expect(known).toEqual([[ann], [ann, ben], [ben], []].map((keys) => keys.map((key) => fingerprintOf(key))))
  expect(lab.logged).toEqual([])
})

test("a pod that takes another's place is told, too", async () => {
  await start({ publicKeys: [ann] })
  const [pod] = lab.api.objects.list(paths.pods, ({ metadata }) => metadata.name.includes("-restore-"))
  lab.world.sftp.publicKeys = []
  lab.api.objects.remove(`${paths.pods}/${pod?.metadata.name}`)
  await lab.until(() => lab.world.sftp.publicKeys.length > 0)
  expect(lab.phase()).toBe("Ready")
})

test("a pod of an earlier release is told nothing, asked for nothing, and the status has no port", async () => {
  lab.world.sftp.isServed = false
  await start({ publicKeys: [ann] })
  expect(lab.world.status("orders").access).not.toHaveProperty("sftpPort")
  expect([lab.world.sftp.publicKeys, lab.logged]).toEqual([[], []])
})
