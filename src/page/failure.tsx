import type { ServiceError } from "./service.ts"

/** What went wrong, in the service's words. */
export function Failure({ error }: { error: ServiceError }) {
  return (
    <p class="failure" role="alert">
      {error.message} <small>({error.code})</small>
    </p>
  )
}
