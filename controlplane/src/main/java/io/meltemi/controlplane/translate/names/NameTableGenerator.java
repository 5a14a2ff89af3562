package io.meltemi.controlplane.translate.names;

import io.meltemi.config.resource.Names;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.View;
import io.meltemi.controlplane.push.Views;
import io.meltemi.controlplane.registry.MeshService;
import io.meltemi.controlplane.registry.Resolution;
import io.meltemi.controlplane.registry.ServiceEndpoint;
import io.meltemi.xds.resource.TypeUrl;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The table of names of a proxy (NDS): the hosts it may reach and what each stands for. Services
 * with an address, also an allocated one, stand for it; headless ones for their endpoints. The
 * agent completes the short names of Services itself.
 */
public final class NameTableGenerator implements ResourceGenerator {
  private static final String NAME = "names";
  private static final String KUBERNETES = "Kubernetes";
  private static final String EXTERNAL = "External";

  @Override
  public TypeUrl type() {
    return TypeUrl.NAME_TABLE;
  }

  @Override
  public List<View> views(ProxyNode node, Views views) {
    return List.of(views.routes(node));
  }

  @Override
  public List<GeneratedResource> generate(
      View view, PushContext context, Collection<String> names) {
    ProxyNode node = view.node();
    Map<String, NameTableMessage.Info> table = new TreeMap<>();
    for (MeshService service : context.sidecarScope(node).allServices()) {
      List<String> addresses = addresses(service, context);
      if (!addresses.isEmpty()) {
        boolean kubernetes = service.attributes().source() == MeshService.Source.KUBERNETES;
        table.put(
            service.hostname(),
            new NameTableMessage.Info(
                addresses,
                kubernetes ? KUBERNETES : EXTERNAL,
                kubernetes ? service.attributes().name() : "",
                kubernetes ? service.namespace() : ""));
      }
    }
    return List.of(new GeneratedResource(NAME, NameTableMessage.of(table), List.of()));
  }

  private static List<String> addresses(MeshService service, PushContext context) {
    // ranges are no addresses, but those of one are
    List<String> own =
        service.addresses(true).stream()
            .map(address -> address.replaceFirst("/(32|128)$", ""))
            .filter(Names::isIp)
            .toList();
    if (!own.isEmpty()
        || service.resolution() != Resolution.PASSTHROUGH
        || service.ports().isEmpty()) {
      return own;
    }
    String port = service.ports().getFirst().name();
    return context.endpoints().endpoints(service.key()).stream()
        .filter(endpoint -> endpoint.servicePortName().equals(port))
        .filter(endpoint -> endpoint.health() != ServiceEndpoint.Health.UNHEALTHY)
        .map(ServiceEndpoint::address)
        .filter(Names::isIp)
        .distinct()
        .toList();
  }
}
