package io.meltemi.controlplane;

import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.translate.cluster.ClusterGenerator;
import io.meltemi.controlplane.translate.endpoint.EndpointGenerator;
import io.meltemi.controlplane.translate.envoyfilter.ExtensionConfigGenerator;
import io.meltemi.controlplane.translate.envoyfilter.PatchedGenerator;
import io.meltemi.controlplane.translate.listener.ListenerGenerator;
import io.meltemi.controlplane.translate.names.NameTableGenerator;
import io.meltemi.controlplane.translate.route.RouteGenerator;
import io.meltemi.controlplane.translate.secret.SecretGenerator;
import java.util.List;

/** Every generator; a new type of resource is one more line here. */
final class Generators {
  static final List<ResourceGenerator> ALL =
      List.of(
          new PatchedGenerator(new ClusterGenerator()),
          new EndpointGenerator(),
          new PatchedGenerator(new ListenerGenerator()),
          new PatchedGenerator(new RouteGenerator()),
          new ExtensionConfigGenerator(),
          new SecretGenerator(),
          new NameTableGenerator());

  private Generators() {}
}
