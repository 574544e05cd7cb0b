import { expect, test } from "vitest"
import { parseMount } from "../../../src/guest/mount-answer.ts"

const parse = (text: string) => parseMount(Buffer.from(text))

test("how full it is", () => {
  expect(parse("4096 100 25 7 3\n")).toEqual({ mounted: { state: "Mounted", usedBytes: 75 * 4096 } })
})

test("what is to be remarked, and where a system is", () => {
  expect(parse("512 2 1 0 0\nunreplayed\nhibernated\nwindows /Windows/System32/config\n")).toMatchObject({
    mounted: {
      message: expect.stringMatching(/^Its journal could not be replayed.* Windows was hibernated/) as unknown,
    },
    system: { kind: "windows", folder: "/Windows/System32/config" },
  })
  expect(parse("512 2 1 0 0\nlinux /@\n").system).toEqual({ kind: "linux", folder: "/@" })
})

test.each([
  "",
  "512 2 1 0\n",
  "512 2 1 0 0\nhaunted\n",
  "512 2 1 0 0\nlinux /../x\n",
  "512 2 1 0 0\nlinux /\nlinux /\n",
])("anything else is refused: %j", (text) => expect(() => parse(text)).toThrow(/in a way it never does/))
