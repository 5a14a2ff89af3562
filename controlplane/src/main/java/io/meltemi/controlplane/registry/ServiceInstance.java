package io.meltemi.controlplane.registry;

/** One port of one service as served by one workload. */
public record ServiceInstance(MeshService service, ServicePort port, ServiceEndpoint endpoint) {}
