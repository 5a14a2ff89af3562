package io.meltemi.controlplane.translate.listener;

import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.meltemi.common.net.HostPort;
import io.meltemi.common.validation.Origin;
import io.meltemi.config.kind.sidecar.Sidecar;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.Protocol;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.SidecarScope;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.ServiceInstance;
import io.meltemi.controlplane.translate.ProtoValues;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * One port on which a sidecar's workload is called.
 *
 * @param bind where Istio says that the listener for it stands; its port is the workload's
 * @param bindToPort the listener stands there for real instead of being a part of {@code
 *     virtualInbound}
 * @param protocol never UDP, which no listener takes
 * @param host whose requests they are, for operation names
 * @param servicePort the port that clients ask for
 * @param metadata of the filter chains
 * @param origin the service or the Sidecar resource
 */
record InboundPort(
    HostPort bind,
    boolean bindToPort,
    Protocol protocol,
    String host,
    int servicePort,
    Metadata metadata,
    Origin origin) {

  int port() {
    return bind.port();
  }

  /**
   * The ports of a sidecar, ascending: those of its Sidecar resource if that has any, else those
   * that services have endpoints on. The oldest service decides about a port that several share.
   */
  static List<InboundPort> of(ProxyNode node, PushContext context, SidecarScope scope) {
    return scope.hasIngress() ? ofSidecar(node, scope) : ofServices(node, context);
  }

  private static List<InboundPort> ofServices(ProxyNode node, PushContext context) {
    Map<Integer, InboundPort> ports = new TreeMap<>();
    List<ServiceInstance> instances = context.instancesOf(node);
    instances.stream().filter(instance -> !isUdp(instance)).forEach(i -> add(i, ports));
    // Istio takes bytes on the ports of UDP too; they come last, for many have a port of TCP beside
    instances.stream().filter(InboundPort::isUdp).forEach(i -> add(i, ports));
    return List.copyOf(ports.values());
  }

  private static boolean isUdp(ServiceInstance instance) {
    return instance.port().protocol() == Protocol.UDP;
  }

  private static void add(ServiceInstance instance, Map<Integer, InboundPort> ports) {
    int port = instance.endpoint().port();
    ports.putIfAbsent(
        port,
        new InboundPort(
            new HostPort(MeshService.ANY_ADDRESS, port),
            false,
            isUdp(instance) ? Protocol.TCP : instance.port().protocol(),
            instance.service().hostname(),
            instance.port().number(),
            Metadata.getDefaultInstance(),
            instance.service().origin()));
  }

  private static List<InboundPort> ofSidecar(ProxyNode node, SidecarScope scope) {
    Resource<Sidecar> sidecar = scope.sidecar().orElseThrow();
    boolean none = node.metadata().interceptionMode() == ProxyNode.InterceptionMode.NONE;
    List<InboundPort> ports = new ArrayList<>();
    for (Sidecar.Ingress ingress : scope.ingress()) {
      String bind = ingress.bind().isEmpty() ? node.ip() : ingress.bind();
      ports.add(
          new InboundPort(
              new HostPort(bind, ingress.port().number()),
              none || ingress.captureMode() == Sidecar.CaptureMode.NONE,
              ingress.port().protocol(),
              sidecar.name() + '.' + sidecar.namespace(),
              ingress.port().number(),
              ProtoValues.configMetadata(sidecar),
              sidecar.origin()));
    }
    return ports;
  }
}
