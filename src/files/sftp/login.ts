import type { AuthContext, ParsedKey, PublicKeyAuthContext } from "ssh2"
import { fingerprintOf } from "../../api/public-key.ts"
import type { Login, passwordCheck } from "../auth.ts"
import type { PublicKeys } from "./public-keys.ts"

export interface SftpLogins {
  readonly password: ReturnType<typeof passwordCheck>
  /** Asked anew for each login. All are of the user name. */
  readonly publicKeys: PublicKeys
  readonly username: string
}

/** What came of one try to log in. */
export type Tried = { readonly login: Login } | "refused" | "asked" | "wrong"

/**
 * A check of SSH's authentication requests (RFC 4252): `wrong` is a wrong password or signature, `refused` what many
 * clients try first (none, keys nobody knows), `asked` whether a key would do, which it would.
 */
export function sftpLogin({ password, publicKeys, username }: SftpLogins): (request: AuthContext) => Tried {
  return (request) => {
    if (request.method === "password") {
      const login = password(Buffer.from(request.username), Buffer.from(request.password))
      return login?.rights.includes("files") ? { login } : "wrong"
    }
    if (request.method !== "publickey" || request.username !== username) return "refused"
    const key = publicKeys.find(request.key.data)
    if (key === undefined) return "refused"
    if (request.signature === undefined) return "asked"
    const publicKey = fingerprintOf(request.key.data)
    if (!isSigned(request, key)) return "wrong"
    return { login: { who: `publickey:${publicKey}`, rights: ["files"], publicKey } }
  }
}

function isSigned({ blob, signature, hashAlgo }: PublicKeyAuthContext, key: ParsedKey): boolean {
  if (blob === undefined || signature === undefined) return false
  // without a hash that is named it is SHA-1, which proves nothing any more
  if (key.type === "ssh-rsa" && hashAlgo === undefined) return false
  // other than its types say, it returns an Error for what can't be read: that is no yes
  const verified: unknown = key.verify(blob, signature, hashAlgo)
  return verified === true
}
