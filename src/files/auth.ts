import { createHash, timingSafeEqual } from "node:crypto"

/** What somebody may do: read the files, or what was done with them. */
export type Right = "files" | "audit"

/** Who may read: a user name, and the SHA-256 (hex) of the password, which is not known here. */
export interface Credentials {
  readonly username: string
  readonly passwordSha256: string
  /** For SFTP: the public half of the key that follows from the password, in OpenSSH's format. */
  readonly sshPublicKey?: string | undefined
  /** `files` unless it is said. */
  readonly rights?: readonly Right[]
}

/** Somebody who has logged in. */
export interface Login {
  /** As the audit names them: `password:USER`, `publickey:SHA256:...`. */
  readonly who: string
  readonly rights: readonly Right[]
  /** The key it was done with, if it was one: its fingerprint. */
  readonly publicKey?: string
}

/** Checks a user name and a password. It takes the same time whichever part is wrong and however much of it is right. */
export function passwordCheck(known: readonly Credentials[]): (user: Buffer, password: Buffer) => Login | undefined {
  const wanted = known.map(({ username, passwordSha256, rights = ["files"] }) => {
    if (!/^[0-9a-f]{64}$/i.test(passwordSha256)) throw new TypeError("passwordSha256 must be 64 hex digits")
    const login: Login = { who: `password:${username}`, rights }
    return { login, user: sha256(Buffer.from(username)), password: Buffer.from(passwordSha256, "hex") }
  })
  return (user, password) => {
    const [givenUser, givenPassword] = [sha256(user), sha256(password)]
    let found: Login | undefined
    for (const one of wanted) {
      const isUser = timingSafeEqual(givenUser, one.user)
      const isPassword = timingSafeEqual(givenPassword, one.password)
      if (isUser && isPassword) found = one.login
    }
    return found
  }
}

/** The same for Authorization headers: HTTP Basic, RFC 7617. */
export function basicAuth(check: ReturnType<typeof passwordCheck>): (header: string | undefined) => Login | undefined {
  return (header) => {
    const [, encoded = ""] = /^Basic +([A-Za-z0-9+/=]{1,1024})$/i.exec(header ?? "") ?? []
    const given = Buffer.from(encoded, "base64")
    const colon = given.indexOf(":")
    const login = check(given.subarray(0, Math.max(0, colon)), given.subarray(colon + 1))
    return colon >= 0 ? login : undefined
  }
}

const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest()
