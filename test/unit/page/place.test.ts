import { expect, test } from "vitest"
import { hashOf, parsePlace, type Place, shown, target } from "../../../src/page/place.ts"

test.each<[string, string, Place]>([
  ["the volumes", "#/", { kind: "volumes" }],
  ["a volume", "#/vg0-data", { kind: "directory", volume: "vg0-data", names: [] }],
  ["a directory", "#/vg0-data/a/%FFb", { kind: "directory", volume: "vg0-data", names: ["a", "%FFb"] }],
  ["a search", "#?name=*.db", { kind: "search", pattern: "*.db" }],
  ["a search in a volume", "#?name=a+b%26&volume=d", { kind: "search", pattern: "a b&", volume: "d" }],
])("%s has an address, and the address leads there", (_, hash, place) => {
  expect(parsePlace(hash)).toEqual(place)
  expect(parsePlace(hashOf(place))).toEqual(place)
})

test.each(["", "#", "#//", "#/a b", "#/a/<img>", "#/%zz", "#/a/%"])("%j is no place but the volumes", (hash) => {
  expect(parsePlace(hash)).toEqual({ kind: "volumes" })
})

test("the file service is asked with the bytes as they are", () => {
  expect(target("list", "d", ["a", "%FFb"], "&limit=5")).toBe("/v1/volumes/d/list?path=/a/%FFb&limit=5")
  expect(target("tar", "d", [])).toBe("/v1/volumes/d/tar?path=/")
})

test.each([
  ["größe", "gr%C3%B6%C3%9Fe", "größe"],
  ["no UTF-8", "%FFb", "%FFb"],
  ["a line end", "a%0Ab", "a%0Ab"],
  ["from right to left", "%E2%80%AEgnp.exe", "%E2%80%AEgnp.exe"],
])("people are shown %s", (_, encoded, words) => expect(shown(encoded)).toBe(words))
