import * as fc from "fast-check"
import { expect, test } from "vitest"
import { RecoveryError } from "../../../src/api/reasons.ts"
import { percentEncode } from "../../../src/files/names.ts"
import { joinPath, normalPath, pathComponents } from "../../../src/files/path.ts"
import { parseRoute } from "../../../src/files/route.ts"

test("a path of any bytes reaches the handler as it is", () => {
  const component = fc
    .uint8Array({ minLength: 1, maxLength: 20 })
    .map((bytes) => Buffer.from(bytes))
    .filter((bytes) => !bytes.includes(0) && !bytes.includes(0x2f) && !/^\.{1,2}$/.test(bytes.toString("latin1")))
  fc.assert(
    fc.property(fc.array(component, { maxLength: 5 }), (components) => {
      const path = joinPath(components)
      const route = parseRoute(`/v1/volumes/vg0-data/stat?path=${percentEncode(path)}`)
      expect(route).toEqual({ kind: "stat", volume: "vg0-data", path })
    }),
  )
})

test.each([
  ["a plus sign is one", "/v1/volumes/v/stat?path=/a+b", "/a+b"],
  ["repeated slashes vanish", "/v1/volumes/v/stat?path=//a//b/", "/a/b"],
  ["a dot vanishes", "/v1/volumes/v/stat?path=/./a/.", "/a"],
  ["no path is the root", "/v1/volumes/v/stat", "/"],
  ["other fields don't matter", "/v1/volumes/v/stat?x=1&path=/a&y", "/a"],
])("%s", (_, target, path) => expect(parseRoute(target)).toMatchObject({ path: Buffer.from(path) }))

test.each([
  ["..", "/v1/volumes/v/stat?path=/a/../b", "UnsafePath"],
  ["encoded ..", "/v1/volumes/v/stat?path=%2Fa%2F%2e%2e%2Fb", "UnsafePath"],
  ["a NUL", "/v1/volumes/v/stat?path=/a%00b", "UnsafePath"],
  ["a path that is too long", `/v1/volumes/v/stat?path=/${"a".repeat(4096)}`, "UnsafePath"],
  ["a relative path", "/v1/volumes/v/stat?path=a", "UsageError"],
  ["broken encoding", "/v1/volumes/v/stat?path=/%4", "UsageError"],
  ["limit 0", "/v1/volumes/v/list?limit=0", "UsageError"],
  ["a limit that is no number", "/v1/volumes/v/list?limit=many", "UsageError"],
  ["a type there is none of", "/v1/volumes/v/list?type=door", "UsageError"],
  ["an order there is none of", "/v1/volumes/v/list?sort=colour", "UsageError"],
  ["a time that is none", "/v1/search?newer=2026-13-40", "UsageError"],
  ["a time in words", "/v1/search?newer=yesterday", "UsageError"],
  ["a format there is none of", "/v1/volumes/v/archive?format=rar", "UsageError"],
  ["one unsafe path of several", "/v1/volumes/v/archive?path=/a&path=/../b", "UnsafePath"],
  ["a cursor that is no number", "/v1/volumes/v/list?cursor=-1", "UsageError"],
  ["another verb", "/v1/volumes/v/delete?path=/a", "PathNotFound"],
  ["another resource", "/etc/passwd", "PathNotFound"],
  ["no volume", "/v1/volumes//stat", "PathNotFound"],
])("refuses %s", (_, target, code) => {
  expect(() => parseRoute(target)).toThrow(expect.objectContaining({ code }))
})

test("never fails otherwise than by saying so", () => {
  const answers = (target: string) => {
    try {
      return parseRoute(target).kind !== undefined
    } catch (error) {
      return error instanceof RecoveryError
    }
  }
  const verb = fc.constantFrom("list", "stat", "content", "tar", "x")
  const noise = fc.string()
  const volumes = fc.tuple(noise, verb, noise).map(([a, verb, b]) => `/v1/volumes/${a}/${verb}?path=/${b}`)
  const target = fc.oneof(noise, volumes)
  expect(() => fc.assert(fc.property(target, answers))).not.toThrow()
})

test("reads what is searched for", () => {
  const query = "name=*.d%FFb&volume=a%20b&volume=c&type=file&minSize=1&newer=2026-11-22T03:00:00.5Z&ignoreCase=true"
  expect(parseRoute(`/v1/search?${query}`)).toEqual({
    kind: "search",
    name: Buffer.from("*.d\xffb", "latin1"),
    volume: ["a b", "c"],
    path: Buffer.from("/"),
    type: ["file"],
    minSize: 1,
    newer: BigInt(Date.parse("2026-11-22T03:00:00.5Z")) * 1_000_000n,
    ignoreCase: true,
    limit: 10_000,
  })
})

test("takes several paths for an archive, the last of what stands alone", () => {
  const route = parseRoute("/v1/volumes/v/archive?path=/a&path=/b&format=zip")
  const path = [Buffer.from("/a"), Buffer.from("/b")]
  expect(route).toEqual({ kind: "archive", volume: "v", path, format: "zip", hardLinks: "links", headersOnly: false })
  expect(parseRoute("/v1/volumes/v/stat?path=/a&path=/b")).toMatchObject({ path: Buffer.from("/b") })
})

test("caps the size of a page", () => {
  expect(parseRoute("/v1/volumes/v/list?limit=999999")).toMatchObject({ limit: 4000 })
})

test("normal paths stay as they are", () => {
  expect(normalPath(Buffer.from("/a/b")).toString()).toBe("/a/b")
  expect(pathComponents(Buffer.from("/"))).toEqual([])
})
