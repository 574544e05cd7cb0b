import { timingSafeEqual } from "node:crypto"
import ssh2 from "ssh2"
import type { AuthContext, ParsedKey, PublicKeyAuthContext } from "ssh2"
import { RecoveryError } from "../../api/reasons.ts"
import type { Login, passwordCheck } from "../auth.ts"
import { fingerprintOf } from "./host-key.ts"

export interface SftpLogins {
  readonly password: ReturnType<typeof passwordCheck>
  /** Public keys in OpenSSH's format, a line each, and the user name that they let in. */
  readonly publicKeys?: readonly string[]
  readonly username: string
}

/** What came of one try to log in. */
export type Tried = { readonly login: Login } | "refused" | "asked" | "wrong"

/**
 * A check of SSH's authentication requests (RFC 4252): `wrong` is a wrong password or signature, `refused` what many
 * clients try first (none, keys nobody knows), `asked` whether a key would do, which it would.
 */
export function sftpLogin({ password, publicKeys = [], username }: SftpLogins): (request: AuthContext) => Tried {
  const keys = publicKeys.map(readKey)
  return (request) => {
    if (request.method === "password") {
      const login = password(Buffer.from(request.username), Buffer.from(request.password))
      return login?.rights.includes("files") ? { login } : "wrong"
    }
    if (request.method !== "publickey" || request.username !== username) return "refused"
    const key = keys.find((one) => isSame(one.getPublicSSH(), request.key.data))
    if (key === undefined) return "refused"
    if (request.signature === undefined) return "asked"
    const who = `publickey:${fingerprintOf(request.key.data)}`
    return isSigned(request, key) ? { login: { who, rights: ["files"] } } : "wrong"
  }
}

function readKey(line: string): ParsedKey {
  const key = ssh2.utils.parseKey(line)
  if (key instanceof Error) throw new RecoveryError("UsageError", `A public key can't be read: ${key.message}.`)
  return key
}

function isSigned({ blob, signature, hashAlgo }: PublicKeyAuthContext, key: ParsedKey): boolean {
  if (blob === undefined || signature === undefined) return false
  // without a hash that is named it is SHA-1, which proves nothing any more
  if (key.type === "ssh-rsa" && hashAlgo === undefined) return false
  // other than its types say, it returns an Error for what can't be read: that is no yes
  const verified: unknown = key.verify(blob, signature, hashAlgo)
  return verified === true
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
