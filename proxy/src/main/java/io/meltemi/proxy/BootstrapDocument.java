package io.meltemi.proxy;

import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.bootstrap.BootstrapConfig;
import io.meltemi.proxy.bootstrap.BootstrapConfig.Source;
import io.meltemi.proxy.bootstrap.BootstrapParser;
import io.meltemi.proxy.bootstrap.BootstrapReader;
import io.meltemi.xds.resource.ClientFeature;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;

/**
 * The bootstrap that a file and flags give.
 *
 * @param config without the parts that have errors
 * @param origin what is named where a problem has no line
 * @param errors of the text itself
 * @param relocate gives a violation without line the line that its path has in the text
 */
record BootstrapDocument(
    BootstrapConfig config,
    Origin origin,
    List<Violation> errors,
    UnaryOperator<Violation> relocate) {
  private static final Origin FLAG = Origin.of("flag --config-yaml");

  /** Reads as much as can be read and tells every problem. */
  static BootstrapDocument read(
      ProxySettings settings, BootstrapReader reader, Validation.Collector problems) {
    Bootstrap bootstrap = Bootstrap.getDefaultInstance();
    Origin origin = FLAG;
    List<Violation> errors = new ArrayList<>();
    UnaryOperator<Violation> relocate = violation -> violation;
    if (settings.configPath().isPresent()) {
      Path path = settings.configPath().get();
      origin = Origin.of(path.toString());
      try {
        BootstrapReader.Reading reading = reader.readAll(bootstrap, Files.readString(path), origin);
        bootstrap = (Bootstrap) reading.message();
        errors.addAll(reading.errors());
        relocate = reading.relocate();
      } catch (IOException e) {
        errors.add(new Violation(origin, "", e.toString(), "a file that can be read"));
      }
    }
    if (!settings.configYaml().isBlank()) {
      BootstrapReader.Reading reading = reader.readAll(bootstrap, settings.configYaml(), FLAG);
      bootstrap = (Bootstrap) reading.message();
      errors.addAll(reading.errors());
      if (settings.configPath().isEmpty()) {
        relocate = reading.relocate();
      }
    }
    Bootstrap overridden = override(bootstrap, settings.node());
    Validation<BootstrapConfig> parsed = BootstrapParser.parse(overridden, origin);
    BootstrapConfig config =
        parsed instanceof Validation.Valid<BootstrapConfig> valid
            ? valid.value()
            : resourcesOnly(overridden);
    BootstrapDocument document =
        new BootstrapDocument(config, origin, List.copyOf(errors), relocate);
    document.tell(document.errors, problems);
    document.tell(parsed.errors(), problems);
    parsed.warnings().forEach(w -> problems.warn(w.origin(), w.path(), w.found(), w.expected()));
    return document;
  }

  private static Bootstrap override(Bootstrap proto, ProxySettings.NodeOverrides overrides) {
    Node.Builder node = proto.getNode().toBuilder();
    if (!overrides.id().isEmpty()) {
      node.setId(overrides.id());
    }
    if (!overrides.cluster().isEmpty()) {
      node.setCluster(overrides.cluster());
    }
    if (!overrides.zone().isEmpty()) {
      node.getLocalityBuilder().setZone(overrides.zone());
    }
    node.setUserAgentName("meltemi");
    if (!node.getClientFeaturesList().contains(ClientFeature.KEEPS_ENDPOINTS.text())) {
      node.addClientFeatures(ClientFeature.KEEPS_ENDPOINTS.text());
    }
    return proto.toBuilder().setNode(node).build();
  }

  /** For telling the problems of listeners and clusters together with those of the rest. */
  private static BootstrapConfig resourcesOnly(Bootstrap proto) {
    return new BootstrapConfig(
        proto.getNode(),
        Optional.empty(),
        new BootstrapConfig.Dynamic(Optional.empty(), new Source.None(), new Source.None()),
        proto.getStaticResources().getClustersList(),
        proto.getStaticResources().getListenersList(),
        proto.getStaticResources().getSecretsList(),
        Set.of(
            proto.getDynamicResources().getAdsConfig().getGrpcServicesList().stream()
                .map(service -> service.getEnvoyGrpc().getClusterName())
                .distinct()
                .toArray(String[]::new)),
        proto.toByteString());
  }

  /** Adds errors with their lines; what lies in a part that is refused already is not repeated. */
  void tell(List<Violation> found, Validation.Collector problems) {
    for (Violation error : found) {
      boolean known =
          errors.stream()
              .anyMatch(
                  earlier ->
                      !earlier.equals(error)
                          && (error.path().startsWith(earlier.path())
                              || earlier.path().startsWith(error.path() + ".")));
      if (!known || errors.contains(error)) {
        Violation placed = relocate.apply(error);
        problems.error(placed.origin(), placed.path(), placed.found(), placed.expected());
      }
    }
  }
}
