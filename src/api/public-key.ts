import { createHash } from "node:crypto"
import { z } from "zod"
import { withRules } from "./rules.ts"

const base64 = "[A-Za-z0-9+/]"
/**
 * How the base64 of each type begins, with the type's name, and how long it is (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4): of RSA
 * as long as that of 2,048 bits at least. Two engines read it, JavaScript's and RE2, which knows no repeat above 1,000.
 */
const shapes = [
  `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${base64}{43}`,
  `ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB${base64}{87}=`,
  `ecdsa-sha2-nistp384 AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABh${base64}{130}==`,
  `ecdsa-sha2-nistp521 AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACF${base64}{178}==`,
  `ssh-rsa AAAAB3NzaC1yc2EAAAA${base64}{350}${base64}*={0,2}`,
]
/** A line as ssh-keygen writes it into a .pub file: type, base64, comment. */
const KEY_LINE = String.raw`^(${shapes.join("|")})( [^\p{Cc}]{0,256})?\n?$`
const keyLine = new RegExp(KEY_LINE, "u")

/** What private keys have in them, in OpenSSH's format with or without its armour, PEM, and PuTTY's. */
const PRIVATE_MARKS = ["PRIVATE KEY", "b3BlbnNzaC1rZXktdjE", "PuTTY-User-Key-File"]

const isPrivate = (text: string) => PRIVATE_MARKS.some((mark) => text.includes(mark))
const isPrivateCel = PRIVATE_MARKS.map((mark) => `x.contains('${mark}')`).join(" || ")

export const MAX_PUBLIC_KEYS = 16
/** Of any text that is looked at: private keys are longer than public ones, and are to be recognised. */
export const MAX_PUBLIC_KEY_LENGTH = 8192
/** Of a line: RSA with 16,384 bits and a comment. As many as there may be must not cost the API server more than it spends. */
const MAX_LINE_LENGTH = 3072
/** Counted in code points, as CEL does. */
const isShort = (text: string) => Array.from(text).length <= MAX_LINE_LENGTH

const publicKey = z
  .string()
  .max(MAX_PUBLIC_KEY_LENGTH)
  .describe("A line as in a .pub file: ssh-ed25519, ecdsa-sha2-nistp256, -384, -521, or ssh-rsa of 2,048 bits or more.")

/**
 * `access.publicKeys` of a session. What each must be is a rule on the list: where a text itself breaks a rule or a pattern, the
 * API server repeats it, and it may be a private key.
 */
export const publicKeys = withRules(
  z
    .array(publicKey)
    .max(MAX_PUBLIC_KEYS)
    .describe(
      "SSH public keys whose owners may read the files by SFTP, as user recover, without reading any Secret. Can be changed at any time: within seconds a new key opens the session, and connections of one that was removed are cut.",
    )
    .meta({ "x-kubernetes-list-type": "atomic" }),
  [
    {
      holds: (list) => !list.some(isPrivate),
      cel: `!self.exists(x, ${isPrivateCel})`,
      message:
        "one of them is a private key, which belongs on its owner's machine only: make a new pair, and put the line of its .pub file here",
    },
    {
      holds: (list) => list.every((text) => isPrivate(text) || (isShort(text) && keyLine.test(text))),
      cel: `self.all(x, ${isPrivateCel} || (x.size() <= ${MAX_LINE_LENGTH} && x.matches(r'${KEY_LINE}')))`,
      message:
        "each must be the line of a .pub file, without options: ssh-ed25519, ecdsa-sha2-nistp256, -384, -521, or ssh-rsa of at least 2048 bits",
    },
    {
      holds: (list) => new Set(list).size === list.length,
      cel: "self.all(x, self.exists_one(y, x == y))",
      message: "each key may occur only once",
    },
  ],
)

/** How ssh shows a public key: `SHA256:...` of its bytes, or of those in a line's base64. */
export function fingerprintOf(key: Buffer | string): string {
  const bytes = typeof key === "string" ? Buffer.from(key.split(" ")[1] ?? "", "base64") : key
  return `SHA256:${createHash("sha256").update(bytes).digest("base64").replace(/=+$/, "")}`
}
