import { expect, test } from "vitest"
import type { ReconcilerDeps } from "../../../src/controller/deps.ts"
import { missingPolicies } from "../../../src/controller/gather-policies.ts"
import type { KindRef } from "../../../src/kube/kinds.ts"

const policy = { spec: { failurePolicy: "Fail" } }
const binding = { spec: { policyName: "frec-names", validationActions: ["Deny"] } }
const bound = (changes: object) => ({ spec: { ...binding.spec, ...changes } })
const matching = (matchResources: object) => bound({ matchResources })

/** What is said of one policy and its binding, as the API server has them. */
const said = (policy?: object, binding?: object) =>
  missingPolicies({
    kube: { get: async ({ kind }: KindRef) => (kind === "ValidatingAdmissionPolicy" ? policy : binding) },
    settings: { policies: { prefix: "frec-", names: ["names"] } },
  } as unknown as ReconcilerDeps)

const emptySelectors = { matchPolicy: "Equivalent", namespaceSelector: {}, objectSelector: {} }
test.each([
  ["as the chart makes them", policy, binding],
  ["Deny and Audit", policy, bound({ validationActions: ["Deny", "Audit"] })],
  ["empty selectors, which the API server fills in", policy, matching(emptySelectors)],
  ["a policy without failurePolicy, which means Fail", { spec: {} }, binding],
])("%s: in force", async (_, one, other) => {
  expect(await said(one, other)).toEqual([])
})

const name = "ValidatingAdmissionPolicyBinding frec-names"
const rule = { apiGroups: [""], apiVersions: ["*"], operations: ["CREATE"], resources: ["pods"] }
const expressions = { matchExpressions: [{ key: "team", operator: "Exists" }] }
test.each<[string, object | undefined, object | undefined, string]>([
  ["no policy", undefined, binding, "ValidatingAdmissionPolicy frec-names"],
  ["no binding", policy, undefined, name],
  ["errors ignored", { spec: { failurePolicy: "Ignore" } }, binding, "ValidatingAdmissionPolicy frec-names (failure"],
  ["only warns", policy, bound({ validationActions: ["Warn", "Audit"] }), `${name} (validationActions`],
  ["does nothing", policy, bound({ validationActions: undefined }), `${name} (validationActions`],
  ["of another policy", policy, bound({ policyName: "frec-exec" }), `${name} (binds another`],
  ["some namespaces", policy, matching({ namespaceSelector: { matchLabels: { team: "a" } } }), `${name} (matchRes`],
  ["other namespaces", policy, matching({ namespaceSelector: expressions }), `${name} (matchResources`],
  ["some objects", policy, matching({ objectSelector: expressions }), `${name} (matchResources`],
  ["some resources", policy, matching({ ...emptySelectors, resourceRules: [rule] }), `${name} (matchResources`],
  ["all but some resources", policy, matching({ excludeResourceRules: [rule] }), `${name} (matchResources`],
])("%s: said", async (_, one, other, words) => {
  const found = await said(one, other)
  expect(found).toHaveLength(1)
  expect(found[0]?.startsWith(words)).toBe(true)
})
