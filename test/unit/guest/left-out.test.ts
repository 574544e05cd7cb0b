import { expect, test } from "vitest"
import type { Volume } from "../../../src/guest/catalogue.ts"
import { leaveOut } from "../../../src/guest/left-out.ts"

const volume = (path: string, device: string): Volume => {
  return { path, device, kind: "filesystem", filesystem: "ext4", sizeBytes: 1, stack: ["disk a"], state: "Available" }
}
const given = ["a", "bad", "a-p1"].map((name, index) => {
  return { name, serial: `s-${index}`, nbdSocket: "/nbd", export: "x", sizeBytes: 1000 + index }
})
const catalogue = {
  disks: given.map(({ name, serial }, index) => ({ name, serial, sizeBytes: index === 0 ? 1000 : 0 })),
  volumes: [volume("a-p1", "sda1"), volume("a-p2", "sda2")],
}

test("a volume that is left out stays listed, with why; a disk that is left out stands for what may be on it", () => {
  const verdict = {
    volumes: new Map([["anchor of sda2", "It ended the micro-VM."]]),
    disks: new Map([
      ["s-1", "It ended the micro-VM twice."],
      ["s-2", "It did, too."],
    ]),
  }
  const { disks, volumes } = leaveOut(catalogue, given, verdict, ({ device }) => `anchor of ${device}`)
  const corrupt = { state: "Corrupt", reason: "VolumeCorrupt" }
  expect(disks.map(({ sizeBytes }) => sizeBytes)).toEqual([1000, 1001, 1002])
  expect(volumes).toEqual([
    catalogue.volumes[0],
    { ...catalogue.volumes[1], ...corrupt, message: "It ended the micro-VM." },
    {
      path: "bad",
      device: "",
      kind: "unknown",
      sizeBytes: 1001,
      stack: ["disk bad"],
      ...corrupt,
      message: "It ended the micro-VM twice.",
    },
    {
      path: "a-p1~2",
      device: "",
      kind: "unknown",
      sizeBytes: 1002,
      stack: ["disk a-p1"],
      ...corrupt,
      message: "It did, too.",
    },
  ])
})
