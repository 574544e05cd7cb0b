import { expect, test } from "vitest"
import type { CopySpec } from "../../../../src/api/copy.ts"
import { refusalOf } from "../../../../src/session/copy/refusal.ts"

const words = 'pods "x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true'

test.each<[string, "PodRefused" | "QuotaExceeded", string, CopySpec["preserve"], RegExp]>([
  [
    "owners, where Pod Security forbids root",
    "PodRefused",
    words,
    ["Owner"],
    /!= true\. Keeping owners .* baseline, or/,
  ],
  [
    "owners, where somebody else refuses",
    "PodRefused",
    "too large",
    ["Owner"],
    /^too large\. Read the API server's words/,
  ],
  ["no owners", "PodRefused", words, undefined, /Read the API server's words/],
  ["owners, and no quota", "QuotaExceeded", "exceeded quota", ["Owner"], /Free quota/],
])("%s", (_, code, message, preserve, told) => {
  const verdict = refusalOf({ code, message }, { preserve } as CopySpec)
  expect(verdict).toMatchObject({ reason: code, message: expect.stringMatching(told) })
})
