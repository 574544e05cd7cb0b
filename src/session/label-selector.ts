/** metav1.LabelSelector, as NetworkPolicies and many others use it. */
export interface LabelSelector {
  matchLabels?: Record<string, string> | undefined
  matchExpressions?: readonly Requirement[] | undefined
}

interface Requirement {
  key: string
  operator: string
  values?: readonly string[] | undefined
}

/**
 * Whether a selector selects what has these labels: everything it asks for must hold, so an empty one selects all.
 * NotIn also selects what doesn't have the label. An operator nobody knows selects nothing.
 */
export function selects(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  labels: Readonly<Record<string, string>>,
): boolean {
  const has = new Map(Object.entries(labels))
  return (
    Object.entries(matchLabels).every(([key, value]) => has.get(key) === value) &&
    matchExpressions.every((requirement) => holds(requirement, has.get(requirement.key)))
  )
}

function holds({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value)
    case "NotIn":
      return value === undefined || !values.includes(value)
    case "Exists":
      return value !== undefined
    case "DoesNotExist":
      return value === undefined
    default:
      return false
  }
}
