import { expect, test } from "vitest"
import type { Entry } from "../../disks/tree.ts"
import { expectedWith, type Loss } from "../../files/losses.ts"
import { commandsOf, masked } from "../../files/stories.ts"

/** What `npm run test:files` compares with, and what it types. */
const second = 1_000_000_000n
const entry = (more: Partial<Entry>): Entry => ({
  type: "file",
  name: Buffer.from("a"),
  mode: 0o4750,
  uid: 7,
  gid: 8,
  mtime: -5n * second + 1_600n,
  content: Buffer.from("x"),
  xattrs: { "user.a": Buffer.from("1"), "trusted.b": Buffer.from("2") },
  acl: "user::rw-",
  ...more,
})
const [kept] = expectedWith([entry({})], [], { uid: 0, gid: 0 })
const left = (...losses: Loss[]) => expectedWith([entry({})], losses, { uid: 1, gid: 2 })[0]

test("a way that loses nothing has to bring everything", () => expect(kept).toEqual(entry({})))

test.each<[Loss, Partial<Entry>]>([
  ["owners", { uid: 1, gid: 2 }],
  ["special bits", { mode: 0o750 }],
  ["nanoseconds", { mtime: -5n * second + 2_000n }],
  ["fractions of seconds", { mtime: -5n * second }],
  ["times before 1970", { mtime: 0n }],
  ["times before 1980", { mtime: 315_532_800n * second }],
  ["trusted attributes", { xattrs: { "user.a": Buffer.from("1") } }],
])("what is lost with %s", (loss, change) => expect(left(loss)).toEqual(entry(change)))

test("a hard link becomes a file of its own", () => {
  const link = entry({ type: "hardlink", name: Buffer.from("b"), link: Buffer.from("a"), mode: 0o4750 })
  const [, other] = expectedWith([entry({}), link], ["hard links"], { uid: 0, gid: 0 })
  expect(other).toMatchObject({ type: "file", name: Buffer.from("b"), content: Buffer.from("x") })
})

test("the commands of a document, with what they print and the file they read", () => {
  const document =
    "# A\n## B\n```yaml\na: 1\n```\n\n```\n$ kubectl apply -f a.yaml\n$ kubectl get x\nNAME\nx\n```\n```sh\n$ no\n```\n"
  expect(commandsOf(document)).toEqual([
    { text: "kubectl apply -f a.yaml", story: "B", prints: [], file: { name: "a.yaml", content: "a: 1\n" } },
    { text: "kubectl get x", story: "B", prints: ["NAME", "x"] },
  ])
})

test("what differs from day to day is not compared", () =>
  expect(masked("x  nightly-1  4d3h   10Gi disk.csi  yes ")).toBe("x nightly-1 AGE SIZE DRIVER yes"))
