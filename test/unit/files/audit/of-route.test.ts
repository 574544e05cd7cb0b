import { expect, test } from "vitest"
import { pathsOf, whatOf } from "../../../../src/files/audit/of-route.ts"
import { parseRoute } from "../../../../src/files/route.ts"

test.each<[string, string | undefined, object | undefined]>([
  ["/v1/volumes", undefined, { event: "Volumes" }],
  ["/v1/volumes/v/list?path=/a%FF", undefined, { event: "List", volume: "v", path: ["/a%FF"] }],
  ["/v1/volumes/v/content?path=/a", "bytes=0-9", { event: "Read", volume: "v", path: ["/a"], detail: "bytes=0-9" }],
  ["/v1/volumes/v/tar?path=/a", undefined, { event: "Archive", volume: "v", path: ["/a"], detail: "tar" }],
  [
    "/v1/volumes/v/archive?path=/a&path=/b&format=zip",
    undefined,
    { event: "Archive", volume: "v", path: ["/a", "/b"], detail: "zip" },
  ],
  [
    "/v1/volumes/v/archive?headersOnly=true",
    undefined,
    { event: "Archive", volume: "v", path: ["/"], detail: "tar, headers only" },
  ],
  ["/v1/search?name=*.db", undefined, { event: "Search", path: ["/"], detail: "name=*.db" }],
  ["/healthz", undefined, undefined],
])("%s", (target, range, what) => {
  expect(whatOf(parseRoute(target), target.split("?")[1] ?? "", range)).toEqual(what)
})

test("of very many paths a line names the first and counts all", () => {
  const paths = Array.from({ length: 200 }, (_, index) => Buffer.from(`/${index}${"n".repeat(200)}`))
  const { path = [], paths: all } = pathsOf(paths)
  expect(path.length).toBeLessThan(100)
  expect(all).toBe(200)
  expect(pathsOf([Buffer.alloc(4096, 0xff)]).path).toHaveLength(1)
})
