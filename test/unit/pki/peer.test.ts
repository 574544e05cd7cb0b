import { X509Certificate } from "node:crypto"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { createAuthority, loadAuthority } from "../../../src/pki/authority.ts"
import { buildCertificate } from "../../../src/pki/certificate.ts"
import { authorizePeer, peerUri, sessionUri } from "../../../src/pki/peer.ts"

const now = new Date("2026-11-22T10:00:00Z")
const later = new Date("2026-11-22T22:00:00Z")
const authority = loadAuthority(createAuthority({ name: "test", notBefore: now, notAfter: later }))
const restore = sessionUri("6f1e", "restore")

const certificate = (uris: string[], dnsNames: string[] = []) =>
  new X509Certificate(
    buildCertificate(
      {
        commonName: "peer",
        publicKey: authority.certificate.publicKey,
        notBefore: now,
        notAfter: later,
        authority: false,
        usages: ["client"],
        names: { uris, dnsNames, ipAddresses: [] },
      },
      authority.key,
    ),
  )

test.each([
  ["one URI", certificate([restore]), restore],
  ["a URI among DNS names", certificate([restore], ["a.example", "b.example"]), restore],
  ["a DNS name that spells a URI entry", certificate([], [`a,URI:${restore}`]), undefined],
  ["a URI that spells a second entry", certificate([`http://x/,URI:${restore}`]), `http://x/,URI:${restore}`],
  ["two URIs", certificate([restore, restore]), undefined],
  ["no name at all", certificate([]), undefined],
  ["no certificate was sent", {}, undefined],
  ["bytes that are no certificate", { raw: Buffer.from("not DER") }, undefined],
])("the URI of a peer with %s", (_, peer, expected) => expect(peerUri(peer)).toBe(expected))

test.each([
  ["its own session and role", restore, true],
  ["another role", sessionUri("6f1e", "operator"), false],
  ["another session", sessionUri("6f1f", "restore"), false],
  ["a longer URI", `${restore}/x`, false],
  ["another case", restore.toUpperCase(), false],
])("a peer of %s", (_, uri, allowed) => expect(authorizePeer(restore)(certificate([uri]))).toBe(allowed))

test("nothing is accepted without a name", () => expect(authorizePeer("")({})).toBe(false))

test("damaged certificates never throw and never gain an identity", () => {
  const raw = certificate([restore]).raw
  fc.assert(
    fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(raw.length), (at, flip, cut) => {
      const damaged = Buffer.from(raw)
      damaged[at] = (damaged[at] ?? 0) ^ flip
      expect(peerUri({ raw: damaged }) ?? "").not.toBe(sessionUri("6f1e", "operator"))
      expect(() => peerUri({ raw: damaged.subarray(0, cut) })).not.toThrow()
    }),
  )
})
