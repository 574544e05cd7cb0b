import { X509Certificate } from "node:crypto"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { z } from "zod"
import { RecoveryError } from "../api/reasons.ts"
import type { Identity } from "../pki/identity.ts"
import { peerUri, sessionUri } from "../pki/peer.ts"
import { LEAF_MARGIN_MS } from "../pki/validity.ts"

const secret = z.string().min(12).max(256)
const user = z.string().min(1).max(256)
const chapSchema = z.object({ initiatorUser: user, initiatorSecret: secret, targetUser: user, targetSecret: secret })
const accessSchema = z.object({
  username: user,
  passwordSha256: z.string().regex(/^[0-9a-f]{64}$/),
  /** Absent in Secrets of the release before. */
  sshPublicKey: z.string().max(256).optional(),
})

export type Chap = z.infer<typeof chapSchema>
export type Access = z.infer<typeof accessSchema>

export interface PodSecrets {
  readonly identity: Identity
  readonly chap: Chap
  /** The hard end of the session: the certificate ends its margin later. */
  readonly hardEnd: Date
}

/**
 * Reads a pod's mounted Secret and checks that its certificate is this session's, in this role. Messages name the file
 * and never quote it.
 */
export async function readPodSecrets(dir: string, sessionUid: string, role: "target" | "restore"): Promise<PodSecrets> {
  const [cert, key, ca, chap] = await Promise.all([
    read(dir, "tls.crt"),
    read(dir, "tls.key"),
    read(dir, "ca.crt"),
    readChecked(dir, "chap.json", chapSchema),
  ])
  const certificate = parse(join(dir, "tls.crt"), () => new X509Certificate(cert))
  if (peerUri(certificate) !== sessionUri(sessionUid, role))
    throw new RecoveryError(
      "LoginRefused",
      `The certificate in ${dir} is not that of session ${sessionUid} as ${role}; recreate the session's Secrets.`,
    )
  const hardEnd = new Date(certificate.validToDate.getTime() - LEAF_MARGIN_MS)
  return { identity: { key, cert, ca }, chap, hardEnd }
}

/** Reads what the file service needs to know of users' credentials. */
export function readAccess(dir: string): Promise<Access> {
  return readChecked(dir, "access.json", accessSchema)
}

async function readChecked<S extends z.ZodType>(dir: string, name: string, schema: S): Promise<z.output<S>> {
  const text = await read(dir, name)
  return parse(join(dir, name), () => schema.parse(JSON.parse(text)))
}

async function read(dir: string, name: string): Promise<string> {
  const path = join(dir, name)
  try {
    return await readFile(path, "utf8")
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code
    throw new RecoveryError("Internal", `The Secret's file ${path} can't be read (${code}).`, { cause })
  }
}

function parse<T>(path: string, read: () => T): T {
  try {
    return read()
  } catch {
    // without the cause: parsers quote what they read
    throw new RecoveryError("Internal", `The Secret's file ${path} has not the content it should have.`)
  }
}
