import {
  API_VERSION,
  ATTACHMENT_KIND,
  ATTACHMENT_PLURAL,
  COPY_KIND,
  COPY_PLURAL,
  SESSION_KIND,
  SESSION_PLURAL,
} from "../api/group.ts"

/** Everything needed to address one kind of object in the API: no discovery request is ever made for it. */
export interface KindRef {
  /** Group and version, `v1` for the core group. */
  readonly apiVersion: string
  readonly kind: string
  /** The resource's name in paths: lower case, plural. */
  readonly plural: string
  readonly namespaced: boolean
}

const inNamespace = (apiVersion: string, kind: string, plural: string): KindRef => ({
  apiVersion,
  kind,
  plural,
  namespaced: true,
})
const inCluster = (apiVersion: string, kind: string, plural: string): KindRef => ({
  apiVersion,
  kind,
  plural,
  namespaced: false,
})

const snapshots = "snapshot.storage.k8s.io/v1"
const admission = "admissionregistration.k8s.io/v1"

/** The kinds this project touches. What isn't here isn't touched: compare with the chart's roles. */
export const kinds = {
  FileRecoverySession: inNamespace(API_VERSION, SESSION_KIND, SESSION_PLURAL),
  FileRecoveryCopy: inNamespace(API_VERSION, COPY_KIND, COPY_PLURAL),
  FileRecoveryAttachment: inNamespace(API_VERSION, ATTACHMENT_KIND, ATTACHMENT_PLURAL),
  Pod: inNamespace("v1", "Pod", "pods"),
  PersistentVolumeClaim: inNamespace("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
  PersistentVolume: inCluster("v1", "PersistentVolume", "persistentvolumes"),
  Secret: inNamespace("v1", "Secret", "secrets"),
  Service: inNamespace("v1", "Service", "services"),
  ResourceQuota: inNamespace("v1", "ResourceQuota", "resourcequotas"),
  Node: inCluster("v1", "Node", "nodes"),
  ConfigMap: inNamespace("v1", "ConfigMap", "configmaps"),
  CoreEvent: inNamespace("v1", "Event", "events"),
  Event: inNamespace("events.k8s.io/v1", "Event", "events"),
  NetworkPolicy: inNamespace("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"),
  StorageClass: inCluster("storage.k8s.io/v1", "StorageClass", "storageclasses"),
  CSIDriver: inCluster("storage.k8s.io/v1", "CSIDriver", "csidrivers"),
  CSINode: inCluster("storage.k8s.io/v1", "CSINode", "csinodes"),
  VolumeSnapshot: inNamespace(snapshots, "VolumeSnapshot", "volumesnapshots"),
  VolumeSnapshotContent: inCluster(snapshots, "VolumeSnapshotContent", "volumesnapshotcontents"),
  Lease: inNamespace("coordination.k8s.io/v1", "Lease", "leases"),
  CustomResourceDefinition: inCluster(
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
  ),
  ValidatingAdmissionPolicy: inCluster(admission, "ValidatingAdmissionPolicy", "validatingadmissionpolicies"),
  ValidatingAdmissionPolicyBinding: inCluster(
    admission,
    "ValidatingAdmissionPolicyBinding",
    "validatingadmissionpolicybindings",
  ),
} as const satisfies Record<string, KindRef>
