import { expect, test } from "vitest"
import { contentType, isShown } from "../../../src/files/content-type.ts"
import { disposition } from "../../../src/files/disposition.ts"

test.each([
  ["/a/photo.JPG", "image/jpeg", true],
  ["/notes.md", "text/plain; charset=utf-8", true],
  ["/evil.html", "text/plain; charset=utf-8", true],
  ["/evil.svg", "text/plain; charset=utf-8", true],
  ["/app.js", "text/plain; charset=utf-8", true],
  ["/report.pdf", "application/pdf", true],
  ["/setup.exe", "application/octet-stream", false],
  ["/a.constructor", "application/octet-stream", false],
  ["/png", "application/octet-stream", false],
  ["/", "application/octet-stream", false],
])("%s is given as %s", (path, type, shown) => {
  expect(contentType(Buffer.from(path))).toBe(type)
  expect(isShown(type)).toBe(shown)
})

test.each([
  ["plain.txt", Buffer.from("plain.txt"), `filename="plain.txt"; filename*=UTF-8''plain.txt`],
  ["quotes and newlines", Buffer.from('a"\r\nb'), `filename="a___b"; filename*=UTF-8''a%22%0D%0Ab`],
  ["another script", Buffer.from("ü"), `filename="__"; filename*=UTF-8''%C3%BC`],
  ["no UTF-8", Buffer.from([0xff]), `filename="_"; filename*=UTF-8''%EF%BF%BD`],
])("a header names %s", (_, name, header) => expect(disposition("attachment", name)).toBe(`attachment; ${header}`))
