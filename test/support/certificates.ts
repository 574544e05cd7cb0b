import { execFileSync } from "node:child_process"
import { generateKeyPairSync, randomBytes } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** Key and certificate in PEM. */
export interface KeyAndCert {
  readonly key: string
  readonly cert: string
}

/** A certificate authority for tests, made with the openssl command so that it shares no code with what it tests. */
export interface TestAuthority extends KeyAndCert {
  /** A leaf for clients and servers alike with this URI name. */
  issue(uri: string, days?: number): KeyAndCert
}

/** Makes an authority; its files are gone when this returns. */
export function makeAuthority(name = "test authority"): TestAuthority {
  const key = newKey()
  const extensions = "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign"
  const words = `req -x509 -new -key ca.key -days 2 ${extensions}`.split(" ")
  const cert = openssl({ "ca.key": key }, [...words, "-subj", `/CN=${name}`])
  return { key, cert, issue: (uri, days = 1) => issue({ key, cert }, uri, days) }
}

function issue(authority: KeyAndCert, uri: string, days: number): KeyAndCert {
  const key = newKey()
  const request = openssl({ "leaf.key": key }, ["req", "-new", "-key", "leaf.key", "-subj", "/CN=leaf"])
  const extensions = `subjectAltName=URI:${uri}\nextendedKeyUsage=serverAuth,clientAuth\n`
  const files = { "leaf.csr": request, "ca.crt": authority.cert, "ca.key": authority.key, "leaf.ext": extensions }
  const serial = `0x${randomBytes(8).toString("hex")}`
  const signing = `-CA ca.crt -CAkey ca.key -set_serial ${serial} -days ${days}`
  const cert = openssl(files, `x509 -req -in leaf.csr -extfile leaf.ext ${signing}`.split(" "))
  return { key, cert }
}

function newKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString()
}

function openssl(files: Record<string, string>, args: string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "certificates-"))
  try {
    for (const [name, content] of Object.entries(files)) writeFileSync(join(directory, name), content, { mode: 0o600 })
    execFileSync("openssl", [...args, "-out", "result.pem"], { cwd: directory, stdio: "pipe" })
    return readFileSync(join(directory, "result.pem"), "utf8")
  } finally {
    rmSync(directory, { recursive: true })
  }
}
