package main

import (
	"context"
	"fmt"
	"time"

	"github.com/container-storage-interface/spec/lib/go/csi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func (d *driver) ControllerGetCapabilities(context.Context, *csi.ControllerGetCapabilitiesRequest) (*csi.ControllerGetCapabilitiesResponse, error) {
	r := &csi.ControllerGetCapabilitiesResponse{}
	for _, t := range []csi.ControllerServiceCapability_RPC_Type{
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_VOLUME,
		csi.ControllerServiceCapability_RPC_PUBLISH_UNPUBLISH_VOLUME,
		csi.ControllerServiceCapability_RPC_CREATE_DELETE_SNAPSHOT,
		csi.ControllerServiceCapability_RPC_LIST_SNAPSHOTS,
		csi.ControllerServiceCapability_RPC_CLONE_VOLUME,
		csi.ControllerServiceCapability_RPC_PUBLISH_READONLY,
	} {
		r.Capabilities = append(r.Capabilities, &csi.ControllerServiceCapability{Type: &csi.ControllerServiceCapability_Rpc{
			Rpc: &csi.ControllerServiceCapability_RPC{Type: t}}})
	}
	return r, nil
}

func (d *driver) CreateVolume(_ context.Context, q *csi.CreateVolumeRequest) (*csi.CreateVolumeResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	m, ok := d.store.byName("vol", q.Name)
	if !ok {
		m = object{ID: fmt.Sprintf("vol-%x", time.Now().UnixNano()), Kind: "vol", Name: q.Name, Created: time.Now(), Nodes: map[string]bool{}}
		m.Size = max(q.CapacityRange.GetRequiredBytes(), 1<<20)
		src := q.VolumeContentSource.GetSnapshot().GetSnapshotId() + q.VolumeContentSource.GetVolume().GetVolumeId()
		if src != "" {
			s, err := d.store.load(src)
			if err != nil {
				return nil, err
			}
			if m.Size < s.Size {
				return nil, status.Errorf(codes.OutOfRange, "%d bytes asked, the source has %d", m.Size, s.Size)
			}
			if err := d.store.copy(src, m.ID); err != nil {
				return nil, err
			}
		}
		if _, err := run("truncate", "-s", fmt.Sprint(m.Size), d.store.image(m.ID)); err != nil {
			return nil, err
		}
		if err := d.store.save(m); err != nil {
			return nil, err
		}
	}
	return &csi.CreateVolumeResponse{Volume: &csi.Volume{VolumeId: m.ID, CapacityBytes: m.Size, ContentSource: q.VolumeContentSource}}, nil
}

func (d *driver) DeleteVolume(_ context.Context, q *csi.DeleteVolumeRequest) (*csi.DeleteVolumeResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	if m, err := d.store.load(q.VolumeId); err == nil && len(m.Nodes) > 0 {
		return nil, status.Errorf(codes.FailedPrecondition, "still published to %v", m.Nodes)
	}
	d.store.remove(q.VolumeId)
	return &csi.DeleteVolumeResponse{}, nil
}

func (d *driver) ControllerPublishVolume(_ context.Context, q *csi.ControllerPublishVolumeRequest) (*csi.ControllerPublishVolumeResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	m, err := d.store.load(q.VolumeId)
	if err != nil {
		return nil, err
	}
	ro := q.Readonly || q.VolumeCapability.GetAccessMode().GetMode() == csi.VolumeCapability_AccessMode_MULTI_NODE_READER_ONLY
	for n, other := range m.Nodes {
		if n != q.NodeId && !(ro && other) {
			return nil, status.Errorf(codes.FailedPrecondition, "published to node %s", n)
		}
	}
	m.Nodes[q.NodeId] = ro
	return &csi.ControllerPublishVolumeResponse{PublishContext: map[string]string{"readonly": fmt.Sprint(ro)}}, d.store.save(m)
}

func (d *driver) ControllerUnpublishVolume(_ context.Context, q *csi.ControllerUnpublishVolumeRequest) (*csi.ControllerUnpublishVolumeResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	m, err := d.store.load(q.VolumeId)
	if err == nil {
		delete(m.Nodes, q.NodeId)
		err = d.store.save(m)
	} else if status.Code(err) == codes.NotFound {
		err = nil
	}
	return &csi.ControllerUnpublishVolumeResponse{}, err
}

func (d *driver) ValidateVolumeCapabilities(_ context.Context, q *csi.ValidateVolumeCapabilitiesRequest) (*csi.ValidateVolumeCapabilitiesResponse, error) {
	if _, err := d.store.load(q.VolumeId); err != nil {
		return nil, err
	}
	return &csi.ValidateVolumeCapabilitiesResponse{Confirmed: &csi.ValidateVolumeCapabilitiesResponse_Confirmed{VolumeCapabilities: q.VolumeCapabilities}}, nil
}

func (d *driver) CreateSnapshot(_ context.Context, q *csi.CreateSnapshotRequest) (*csi.CreateSnapshotResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	m, ok := d.store.byName("snap", q.Name)
	if !ok {
		v, err := d.store.load(q.SourceVolumeId)
		if err != nil {
			return nil, err
		}
		m = object{ID: fmt.Sprintf("snap-%x", time.Now().UnixNano()), Kind: "snap", Name: q.Name, Source: v.ID, Size: v.Size, Created: time.Now()}
		if err := d.store.copy(v.ID, m.ID); err != nil {
			return nil, err
		}
		if err := d.store.save(m); err != nil {
			return nil, err
		}
	} else if m.Source != q.SourceVolumeId {
		return nil, status.Error(codes.AlreadyExists, "same name, other source")
	}
	return &csi.CreateSnapshotResponse{Snapshot: snapshot(m)}, nil
}

func snapshot(o object) *csi.Snapshot {
	return &csi.Snapshot{SnapshotId: o.ID, SourceVolumeId: o.Source, SizeBytes: o.Size, CreationTime: timestamppb.New(o.Created), ReadyToUse: true}
}

// ListSnapshots is how the snapshotter learns size and readiness of a snapshot that was made elsewhere (a
// VolumeSnapshotContent with a snapshotHandle). Unknown ids give an empty list, as the specification asks.
func (d *driver) ListSnapshots(_ context.Context, q *csi.ListSnapshotsRequest) (*csi.ListSnapshotsResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	r := &csi.ListSnapshotsResponse{}
	for _, o := range d.store.list("snap") {
		if (q.SnapshotId == "" || q.SnapshotId == o.ID) && (q.SourceVolumeId == "" || q.SourceVolumeId == o.Source) {
			r.Entries = append(r.Entries, &csi.ListSnapshotsResponse_Entry{Snapshot: snapshot(o)})
		}
	}
	return r, nil
}

func (d *driver) DeleteSnapshot(_ context.Context, q *csi.DeleteSnapshotRequest) (*csi.DeleteSnapshotResponse, error) {
	d.store.mu.Lock()
	defer d.store.mu.Unlock()
	d.store.remove(q.SnapshotId)
	return &csi.DeleteSnapshotResponse{}, nil
}
