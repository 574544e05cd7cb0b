import { expect, test } from "vitest"
import type { FileSource } from "../../../src/files/source.ts"
import type { Volume } from "../../../src/guest/catalogue.ts"
import { SideBySide } from "../../../src/guest/side-by-side.ts"

const volume = (path: string, stack: readonly string[]): Volume => ({
  path,
  device: "sda",
  kind: "filesystem",
  sizeBytes: 1,
  stack,
  state: "Mounted",
})

/** Says of each call which point it reached, and with which volume. */
function pointSource(name: string, stack: readonly string[] = ["disk data"]): FileSource {
  const told = async function* (volume: string) {
    yield Buffer.from(`${name} ${volume}`)
  }
  return {
    catalogue: () => ({ disks: [{ name: "data", serial: name, sizeBytes: 1 }], volumes: [volume("vg0-data", stack)] }),
    open: (volume) => Promise.reject(new Error(`${name} ${volume}`)),
    tar: told,
    search: () => {
      throw new Error("not asked")
    },
  }
}

const sides = new SideBySide([
  { title: "2026-11-22T03:00:00Z", source: pointSource("new") },
  {
    source: pointSource(
      "old",
      Array.from({ length: 64 }, () => "unlocked"),
    ),
  },
])
const { signal } = new AbortController()

test("volumes and disks of all points are told apart, in the order of the points", () => {
  const { disks, volumes } = sides.catalogue()
  expect(disks).toMatchObject([
    { name: "data", serial: "new", point: 1 },
    { name: "data", serial: "old", point: 2 },
  ])
  expect(volumes.map(({ path, point }) => [path, point])).toEqual([
    ["point1-vg0-data", 1],
    ["point2-vg0-data", 2],
  ])
  expect(volumes[0]?.stack).toEqual(["recovery point 1, 2026-11-22T03:00:00Z", "disk data"])
  expect(volumes[1]?.stack).toHaveLength(64)
  expect(volumes[1]?.stack[0]).toBe("recovery point 2")
})

test("a volume is read from its own point", async () => {
  await expect(sides.open("point1-vg0-data")).rejects.toThrow("new vg0-data")
  await expect(sides.open("point2-point1-x")).rejects.toThrow("old point1-x")
  expect(String((await Array.fromAsync(sides.tar("point2-a", [], { signal })))[0])).toBe("old a")
})

test.each(["vg0-data", "point0-x", "point3-x", "point01-x", "point1-", "point1", "xpoint1-x", "__proto__"])(
  "there is no volume %s",
  async (name) => {
    await expect(sides.open(name)).rejects.toMatchObject({ code: "PathNotFound" })
  },
)
