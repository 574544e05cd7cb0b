import { expect, test } from "vitest"
import { FilesClient } from "../../../src/client/files-client.ts"
import { download } from "../../../src/client/download.ts"

const nobody = () => Promise.reject(new Error("not to be dialled"))
const files = new FilesClient({ dial: nobody, ca: "", sessionUid: "u", username: "u", password: "p" })

async function* endless(): AsyncGenerator<Buffer> {
  for (;;) yield await Promise.resolve(Buffer.alloc(3))
}

test.each([
  ["more bytes than it named", 10],
  ["bytes of a size it did not name", NaN],
])("a service that sends %s does not fill the disk", async (_, sizeBytes) => {
  const content = { start: 0, sizeBytes, etag: "", modified: undefined, body: endless(), cancel: () => undefined }
  const place = { volume: "v", components: [] }
  let written = 0
  const copy = async () => {
    for await (const chunk of download(files, place, content, new AbortController().signal)) written += chunk.length
  }
  await expect(copy()).rejects.toMatchObject({ code: "ProtocolError" })
  expect(written).toBeLessThanOrEqual(10)
})
