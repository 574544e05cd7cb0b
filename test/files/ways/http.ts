import { readFile, writeFile } from "node:fs/promises"
import { percentDecode, percentEncode } from "../../../src/files/names.ts"
import type { Entry, EntryType } from "../../disks/tree.ts"
import { portForward } from "../port-forward.ts"
import type { Scene } from "../scene.ts"
import type { Way } from "../way.ts"

/** An entry as listings have it (docs/http-api.md). */
interface Listed {
  readonly name: string
  readonly type: string
  readonly sizeBytes: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly mtime: string
  readonly linkTarget?: string
}
type At = { readonly path: Buffer; readonly listed: Listed }

const types: Readonly<Record<string, EntryType>> = {
  file: "file",
  directory: "directory",
  symlink: "symlink",
  fifo: "fifo",
  char: "char",
  block: "block",
}

/** The HTTP API by curl through `kubectl port-forward`: listings for what is there, and each file in two ranges. */
export const httpWay: Way = {
  name: "curl: listings, files by ranges",
  loses: ["hard links", "attributes", "ACLs"],
  async take(scene) {
    await using folder = await scene.folder()
    const access = await accessOf(scene)
    await using forward = await portForward(scene, access.service, access.httpsPort)
    await writeFile(`${folder.path}/ca.crt`, access.ca)
    const base = `https://${access.host}:${forward.port}/v1/volumes/vg0-data`
    const common = [
      `user = "${access.user}"`,
      `cacert = "${folder.path}/ca.crt"`,
      `connect-to = "${access.host}:${forward.port}:127.0.0.1:${forward.port}"`,
      "fail",
      "silent",
      "show-error",
    ]
    /** All in one call of curl; the password is on its standard input. */
    const curl = async (wanted: readonly { url: string; file: string; range?: string }[]) => {
      const parts = wanted.map(({ url, file, range }) =>
        [...common, `url = "${url}"`, `output = "${folder.path}/${file}"`, ...(range ? [`range = ${range}`] : [])].join(
          "\n",
        ),
      )
      if (parts.length > 0) await scene.pipe("curl", ["-K", "-"], parts.join("\nnext\n"))
    }
    const url = (resource: string, path: Buffer, more = "") =>
      `${base}/${resource}?path=${percentEncode(Buffer.concat([Buffer.from("/tree/"), path]), "/")}${more}`

    const list = async (directory: Buffer): Promise<At[]> => {
      const entries: At[] = []
      let cursor: string | undefined
      do {
        await curl([{ url: url("list", directory, `&limit=5${cursor ? `&cursor=${cursor}` : ""}`), file: "page" }])
        const page = JSON.parse(await readFile(`${folder.path}/page`, "utf8")) as { entries: Listed[]; next?: string }
        entries.push(...page.entries.map((listed) => ({ path: joined(directory, percentDecode(listed.name)), listed })))
        cursor = page.next
      } while (cursor !== undefined)
      const below = []
      for (const { path, listed } of entries) if (listed.type === "directory") below.push(...(await list(path)))
      return [...entries, ...below]
    }
    const all = await list(Buffer.alloc(0))
    const files = all.filter(({ listed }) => listed.type === "file" && listed.sizeBytes > 0)
    await curl(
      files.flatMap(({ path, listed }, index) => {
        const middle = Math.ceil(listed.sizeBytes / 2)
        const halves = [`0-${middle - 1}`, `${middle}-`].slice(0, listed.sizeBytes > 1 ? 2 : 1)
        return halves.map((range, part) => ({ url: url("content", path), file: `${index}.${part}`, range }))
      }),
    )
    const contents = new Map<At, Buffer>()
    for (const [index, at] of files.entries()) {
      const parts = at.listed.sizeBytes > 1 ? [0, 1] : [0]
      const read = parts.map((part) => readFile(`${folder.path}/${index}.${part}`))
      contents.set(at, Buffer.concat(await Promise.all(read)))
    }
    return all.map((at) => entryOf(at, contents.get(at) ?? Buffer.alloc(0)))
  },
}

function entryOf({ path, listed }: At, content: Buffer): Entry {
  const { mode, uid, gid, mtime, linkTarget } = listed
  const type = types[listed.type]
  if (type === undefined) throw new Error(`a listing has an entry of type ${listed.type}`)
  return {
    type,
    name: path,
    mode: mode & 0o7777,
    uid,
    gid,
    mtime: nanosecondsOf(mtime),
    ...(type === "file" ? { content } : {}),
    ...(type === "symlink" ? { link: percentDecode(linkTarget ?? "") } : {}),
  }
}

/** Of a time with nine digits behind the point. */
function nanosecondsOf(text: string): bigint {
  const [, whole, fraction] = /^(.{19})\.(\d{9})Z$/.exec(text) ?? []
  if (whole === undefined || fraction === undefined) throw new Error(`a listing has the time ${text}`)
  return BigInt(Date.parse(`${whole}Z`)) * 1_000_000n + BigInt(fraction)
}

const joined = (directory: Buffer, name: Buffer) =>
  directory.length === 0 ? name : Buffer.concat([directory, Buffer.from("/"), name])

/** What the session's status says of its access, and what is in the Secret that it names. */
async function accessOf(scene: Scene) {
  interface Session {
    status: { access: { service: string; httpsPort: number; caCertificate: string; secretName: string } }
  }
  interface Secret {
    data: { username: string; password: string; "ca.crt": string }
  }
  const session = await scene.cluster.get<Session>("frsess", scene.session, scene.namespace)
  if (!session) throw new Error(`there is no session ${scene.session}`)
  const { service, httpsPort, secretName } = session.status.access
  const secret = await scene.cluster.get<Secret>("secret", secretName, scene.namespace)
  const text = (value = "") => Buffer.from(value, "base64").toString()
  const data = secret?.data
  return {
    service,
    httpsPort,
    host: `${service}.${scene.namespace}.svc`,
    user: `${text(data?.username)}:${text(data?.password)}`,
    ca: text(data?.["ca.crt"]),
  }
}
