import { kinds } from "../kube/kinds.ts"
import type { KubeObject, ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from "../kube/objects.ts"
import type { ReconcilerDeps } from "./deps.ts"

/**
 * What of the chart's policies is not in force, in words: not there, or there and refusing nothing. What a policy says is
 * not looked at: who may rewrite it may rewrite the operator as well.
 */
export async function missingPolicies({
  kube,
  settings,
}: Pick<ReconcilerDeps, "kube" | "settings">): Promise<string[]> {
  const { prefix, names } = settings.policies
  const found = await Promise.all(
    names.map(async (short) => {
      const name = `${prefix}${short}`
      const [policy, binding] = await Promise.all([
        kube.get<ValidatingAdmissionPolicy & KubeObject>(kinds.ValidatingAdmissionPolicy, name),
        kube.get<ValidatingAdmissionPolicyBinding & KubeObject>(kinds.ValidatingAdmissionPolicyBinding, name),
      ])
      return [
        ...weakPolicy(policy).map((words) => `ValidatingAdmissionPolicy ${name}${words}`),
        ...weakBinding(binding, name).map((words) => `ValidatingAdmissionPolicyBinding ${name}${words}`),
      ]
    }),
  )
  return found.flat()
}

function weakPolicy(policy: ValidatingAdmissionPolicy | undefined): string[] {
  if (!policy) return [""]
  return policy.spec?.failurePolicy === "Ignore" ? [" (failurePolicy is Ignore)"] : []
}

function weakBinding(binding: ValidatingAdmissionPolicyBinding | undefined, policyName: string): string[] {
  if (!binding) return [""]
  const { spec } = binding
  return [
    ...(spec?.policyName === policyName ? [] : [" (binds another policy)"]),
    ...(spec?.validationActions?.includes("Deny") ? [] : [" (validationActions are without Deny)"]),
    ...(narrows(spec?.matchResources) ? [" (matchResources leave something out)"] : []),
  ]
}

type MatchResources = NonNullable<ValidatingAdmissionPolicyBinding["spec"]>["matchResources"]

/** The API server fills empty selectors in, and those select everything. */
function narrows(match: MatchResources): boolean {
  if (!match) return false
  const { namespaceSelector, objectSelector, resourceRules = [], excludeResourceRules = [] } = match
  const selective = [namespaceSelector, objectSelector].some(
    (selector) => (selector?.matchExpressions ?? []).length > 0 || Object.keys(selector?.matchLabels ?? {}).length > 0,
  )
  return selective || resourceRules.length > 0 || excludeResourceRules.length > 0
}
