import { expect, test } from "vitest"
import { fingerprintOf } from "../../../src/api/public-key.ts"
import { loginKeyFrom } from "../../../src/credentials/ssh-key.ts"
import { decide } from "../../../src/session/decide.ts"
import type { Observed } from "../../../src/session/observed.ts"
import * as at from "../../support/observed.ts"
import { mounted, names, now, ready, spec } from "../../support/observed.ts"

const [ann = "", ben = ""] = ["ann", "ben"].map((name) => `${loginKeyFrom(name).publicKey} ${name}`)
const hostKey = loginKeyFrom("host").publicKey
const [pod, next] = [names.pod("restore", 0), names.pod("restore", 1)]
const serves = (...publicKeys: string[]) =>
  mounted({ sftp: { hostKey, publicKeys: publicKeys.map((line) => fingerprintOf(line)) } })
const wanting = (...publicKeys: string[]) => ({ spec: spec({ access: { publicKeys } }) })
const told = (observed: Observed) => decide(observed, now).control.filter((call) => call.do === "publicKeys")
const call = (...publicKeys: string[]) => [{ role: "restore", podName: pod, do: "publicKeys", publicKeys }]

test.each<[string, Partial<Observed>, unknown[]]>([
  ["no key, and the pod knows none", serves(), []],
  ["a key, and the pod has just begun", { ...wanting(ann), ...serves() }, call(ann)],
  ["the keys that the pod knows", { ...wanting(ann, ben), ...serves(ann, ben) }, []],
  ["a key less than the pod knows", { ...wanting(ben), ...serves(ann, ben) }, call(ben)],
  ["no key any more", serves(ann), call()],
  [
    "a key under two comments, which the pod counts once",
    { ...wanting(ann, ann.replace("ann", "a")), ...serves(ann) },
    [],
  ],
  ["a key, of a pod of an earlier release", { ...wanting(ann), ...mounted() }, []],
  ["a key, of a pod that doesn't answer", { ...wanting(ann), restore: { podName: pod, unreachable: "no" } }, []],
  ["nothing that can be read", { spec: undefined, specProblem: "no", ...serves(ann) }, []],
])("the spec has %s: what the pod is told", (_, changes, expected) => expect(told(ready(changes))).toEqual(expected))

test("a pod is told of keys while it mounts, and when the session is ready", () => {
  const { restore } = serves()
  expect(told(at.provisioning({ ...wanting(ann), ...at.serving(), restore }))).toEqual(call(ann))
})

const known = { sftpPort: 2022, sftpHostKey: hostKey }
const withAccess = (): Partial<Observed> => {
  const { status } = ready()
  return { status: { ...status, access: { ...at.startedStatus.access, ...known } as never } }
}
const accessOf = (observed: Observed) => {
  const { sftpPort, sftpHostKey } = decide(observed, now).status.access ?? {}
  return { ...(sftpPort !== undefined && { sftpPort }), ...(sftpHostKey !== undefined && { sftpHostKey }) }
}

test.each<[string, Partial<Observed>, object]>([
  ["says so", serves(), known],
  [
    "says another host key than before",
    { ...withAccess(), ...mounted({ sftp: { hostKey: ben, publicKeys: [] } }) },
    { ...known, sftpHostKey: ben },
  ],
  ["is of an earlier release", mounted(), {}],
  ["doesn't answer, as said before", { ...withAccess(), restore: { podName: pod, unreachable: "no" } }, known],
  [
    "is another than the one that said so",
    { ...withAccess(), pods: [at.pod("target"), at.pod("restore", { name: next })], restore: undefined as never },
    {},
  ],
])("where SFTP is served when the pod %s", (_, changes, expected) => expect(accessOf(ready(changes))).toEqual(expected))
