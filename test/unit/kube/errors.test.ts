import { expect, test } from "vitest"
import { errorOfAnswer, errorOfSilence } from "../../../src/kube/errors.ts"

const status = (code: number, reason: string, message: string, kind?: string): string =>
  JSON.stringify({ kind: "Status", code, reason, message, details: { kind } })

test.each([
  [
    "quota",
    status(403, "Forbidden", 'pods "x" is forbidden: exceeded quota: small, requested: pods=1, used: pods=2', "pods"),
    { code: "QuotaExceeded", status: 403, retryable: false },
  ],
  [
    "Pod Security",
    status(403, "Forbidden", 'pods "x" is forbidden: violates PodSecurity "restricted:latest": seccompProfile', "pods"),
    { code: "PodRefused", status: 403, retryable: false },
  ],
  [
    "a missing right, on pods",
    status(403, "Forbidden", 'pods is forbidden: User "op" cannot create resource "pods" in API group ""', "pods"),
    { code: "Forbidden", status: 403, retryable: false },
  ],
  [
    "an admission policy, on claims",
    status(
      422,
      "Invalid",
      "ValidatingAdmissionPolicy 'names' with binding 'names' denied request: no",
      "persistentvolumeclaims",
    ),
    { code: "Forbidden", status: 422, retryable: false },
  ],
  [
    "an invalid pod",
    status(422, "Invalid", 'Pod "x" is invalid: spec.volumes', "Pod"),
    { code: "PodRefused", retryable: false },
  ],
  ["a conflict", status(409, "Conflict", "the object has been modified"), { code: "Internal", retryable: true }],
  ["a name taken", status(409, "AlreadyExists", "exists"), { retryable: false }],
  ["an expired version", status(410, "Expired", "too old resource version"), { status: 410, retryable: true }],
  ["too many requests", status(429, "TooManyRequests", "slow down"), { code: "ApiUnavailable", retryable: true }],
  ["no such object", status(404, "NotFound", "gone"), { status: 404, reason: "NotFound", retryable: false }],
])("%s", (_, body, expected) => {
  const error = errorOfAnswer("create Pod shop/x", JSON.parse(body).code as number, body)
  expect(error).toMatchObject(expected)
  expect(error.message).toBe(`create Pod shop/x: ${JSON.parse(body).message as string}`)
})

test.each([
  ["a load balancer's page", "<html>502 Bad Gateway</html>", "<html>502 Bad Gateway</html>"],
  ["an empty body", "", "HTTP 502"],
  ["JSON that isn't a Status", '{"a":1}', '{"a":1}'],
  ["JSON null", "null", "null"],
])("no Status in the answer: %s", (_, body, words) => {
  expect(errorOfAnswer("get Pod a/b", 502, body)).toMatchObject({
    status: 502,
    reason: "",
    code: "ApiUnavailable",
    retryable: true,
    message: `get Pod a/b: ${words}`,
  })
})

test("no answer at all", () => {
  const cause = new Error("connect ECONNREFUSED 10.0.0.1:443")
  expect(errorOfSilence("list pods", cause)).toMatchObject({
    status: 0,
    code: "ApiUnavailable",
    retryable: true,
    message: "list pods: connect ECONNREFUSED 10.0.0.1:443",
    cause,
  })
})
