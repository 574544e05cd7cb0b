import { SESSION_KIND } from "../api/group.ts"
import { type Reason, RecoveryError } from "../api/reasons.ts"

/** What the API server says of a failure: `metav1.Status`, `status: Failure`. */
export interface StatusDetails {
  readonly name?: string
  readonly group?: string
  readonly kind?: string
  readonly retryAfterSeconds?: number
  readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[]
}

interface KubeErrorFields {
  /** HTTP status; 0 when there was no answer at all. */
  readonly status: number
  /** The API's machine-readable reason (`NotFound`, `Conflict`, `Forbidden` ...), `""` when it gave none. */
  readonly reason: string
  readonly details?: StatusDetails | undefined
  readonly cause?: unknown
}

/**
 * A request to the API server that failed. `code` is the row of our error table (so a condition can be made of it),
 * `message` ends with the API server's own words, `retryable` says whether the same request may succeed by itself.
 */
export class KubeError extends RecoveryError {
  readonly status: number
  readonly reason: string
  readonly details: StatusDetails | undefined
  readonly retryable: boolean

  constructor(message: string, fields: KubeErrorFields) {
    super(codeOf(message, fields), message, { cause: fields.cause })
    this.status = fields.status
    this.reason = fields.reason
    this.details = fields.details
    this.retryable = isRetryable(fields)
  }
}

/** The error of an answer with this status and body; `what` says what was asked, like "create Pod shop/web". */
export function errorOfAnswer(what: string, httpStatus: number, body: string): KubeError {
  const said = statusIn(body)
  const words = said.message ?? (body.slice(0, 300).trim() || `HTTP ${httpStatus}`)
  return new KubeError(`${what}: ${words}`, {
    status: said.code ?? httpStatus,
    reason: said.reason ?? "",
    details: said.details,
  })
}

/** The error of a request that got no whole answer. */
export function errorOfSilence(what: string, cause: unknown): KubeError {
  if (cause instanceof KubeError) return cause
  const words = cause instanceof Error ? cause.message || cause.name : String(cause)
  return new KubeError(`${what}: ${words}`, { status: 0, reason: "", cause })
}

interface Status {
  readonly code?: number
  readonly reason?: string
  readonly message?: string
  readonly details?: StatusDetails
}

/** The `metav1.Status` in a body; `{}` when it is something else (a proxy's page, garbage). */
function statusIn(body: string): Status {
  try {
    const json: unknown = JSON.parse(body)
    if (typeof json !== "object" || json === null || !("kind" in json) || json.kind !== "Status") return {}
    return json as Status
  } catch {
    return {}
  }
}

/** 0: no answer. 401: tokens rotate. 409: somebody was faster, read again. 410: the list expired, list again. */
function isRetryable({ status, reason }: KubeErrorFields): boolean {
  if (status === 409) return reason !== "AlreadyExists"
  return status === 0 || status === 401 || status === 408 || status === 410 || status === 429 || status >= 500
}

function codeOf(words: string, { status, reason, details }: KubeErrorFields): Reason {
  if (/exceeded quota/.test(words)) return "QuotaExceeded"
  if (status === 401) return "Forbidden"
  if (status === 403 || reason === "Forbidden" || /denied request/.test(words)) {
    const missingRight = /cannot \S+ resource/.test(words)
    return details?.kind === "pods" && !missingRight ? "PodRefused" : "Forbidden"
  }
  // what is refused is named by its resource, what is invalid by its kind
  if (status === 422 && details?.kind === "Pod") return "PodRefused"
  if (status === 422 && details?.kind === SESSION_KIND) return "SpecInvalid"
  if (status === 0 || status === 429 || status >= 500) return "ApiUnavailable"
  return "Internal"
}
