import { execFileSync } from "node:child_process"
import { X509Certificate } from "node:crypto"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { connect, createServer } from "node:tls"
import { expect, onTestFinished, test } from "vitest"
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts"
import { issueLeaf, type LeafOptions } from "../../../src/pki/leaf.ts"
import { authorizePeer, sessionUri } from "../../../src/pki/peer.ts"

const hour = 3_600_000
const now = new Date(Math.floor(Date.now() / 1000) * 1000)
const inHours = (hours: number) => new Date(now.getTime() + hours * hour)
const pems = createAuthority({ name: "Test authority, Ünïcode", notBefore: inHours(-24), notAfter: inHours(24) })
const authority = loadAuthority(pems)

const leaf = (options: Partial<LeafOptions> = {}) =>
  issueLeaf(authority, {
    uri: sessionUri("6f1e", "target"),
    dnsNames: ["frsess-a-target.shop.svc"],
    usages: ["client", "server"],
    notBefore: now,
    notAfter: inHours(12),
    ...options,
  })

test("openssl verifies the chain strictly, for servers and for clients", () => {
  const dir = mkdtempSync(join(tmpdir(), "pki-"))
  onTestFinished(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, "ca.pem"), pems.certPem)
  writeFileSync(join(dir, "leaf.pem"), leaf({ ipAddresses: ["127.0.0.1", "2001:db8::5:0:1"] }).certPem)
  const verify = (purpose: string) =>
    execFileSync("openssl", ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", "ca.pem", "leaf.pem"], {
      cwd: dir,
      encoding: "utf8",
    })
  expect(verify("sslserver")).toContain("leaf.pem: OK")
  expect(verify("sslclient")).toContain("leaf.pem: OK")
  const text = execFileSync("openssl", ["x509", "-noout", "-ext", "subjectAltName", "-in", "leaf.pem"], { cwd: dir })
  expect(text.toString().trim().split("\n").at(-1)?.trim()).toBe(
    "URI:filerecovery://6f1e/target, DNS:frsess-a-target.shop.svc, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:5:0:1",
  )
})

test("both ends of a TLS 1.3 connection accept each other and see the identity", async () => {
  const mine = leaf()
  const theirs = leaf({ uri: sessionUri("6f1e", "operator"), dnsNames: [], usages: ["client"] })
  const tls = { ca: authority.trustPem, minVersion: "TLSv1.3" } as const
  const seen: boolean[] = []
  const server = createServer(
    { ...tls, key: mine.keyPem, cert: mine.certPem, requestCert: true, rejectUnauthorized: true },
    (socket) => {
      seen.push(authorizePeer(sessionUri("6f1e", "operator"))(socket.getPeerCertificate()))
      socket.end("x")
    },
  ).listen(0, "127.0.0.1")
  onTestFinished(() => void server.close())
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const servername = "frsess-a-target.shop.svc"
  const client = connect({ ...tls, port, host: "127.0.0.1", servername, key: theirs.keyPem, cert: theirs.certPem })
  await once(client, "data")
  expect(client.authorized).toBe(true)
  expect(client.getProtocol()).toBe("TLSv1.3")
  expect(authorizePeer(sessionUri("6f1e", "target"))(client.getPeerCertificate())).toBe(true)
  expect(seen).toEqual([true])
})

test("it starts 10 minutes before the caller's now and ends when asked", () => {
  const certificate = new X509Certificate(leaf().certPem)
  expect(certificate.validFromDate).toEqual(new Date(now.getTime() - 600_000))
  expect(certificate.validToDate).toEqual(inHours(12))
})

test("it never starts before its authority", () => {
  const young = loadAuthority(createAuthority({ name: "young", notBefore: now, notAfter: inHours(24) }))
  const options = { uri: "filerecovery://a/target", dnsNames: [], usages: [], notBefore: now, notAfter: inHours(1) }
  expect(new X509Certificate(issueLeaf(young, options).certPem).validFromDate).toEqual(now)
})

test("it is refused when it would outlive its authority", () =>
  expect(() => leaf({ notAfter: inHours(25) })).toThrow(/ends at .* renew the authority/))

test.each([
  ["another authority's key", { certPem: pems.certPem, keyPem: leaf().keyPem }, /does not belong/],
  ["a leaf", leaf(), /not marked CA:TRUE/],
  ["no PEM", { certPem: "", keyPem: "" }, /must be PEM/],
])("an authority is refused that is %s", (_, pair, message) => expect(() => loadAuthority(pair)).toThrow(message))

test("names that other parsers could read differently are refused", () =>
  expect(() => leaf({ dnsNames: ["a\0.evil"] })).toThrow(/can't be a name/))

test("every leaf has a key and a serial number of its own", () => {
  const [one, two] = [new X509Certificate(leaf().certPem), new X509Certificate(leaf().certPem)]
  expect(one.serialNumber).not.toBe(two.serialNumber)
  expect(one.publicKey.equals(two.publicKey)).toBe(false)
})
