package io.meltemi.proxy.snapshot;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.http.DiscoveredFilters;
import io.meltemi.proxy.parse.ResourceSource;
import io.meltemi.proxy.telemetry.StatScope;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.resource.TypeUrl;
import java.util.Optional;

/**
 * Configurations of filters, with {@code extension_config_discovery.http_filter.<name>.} stats.
 * Configuration loop only.
 */
record FilterResources(DiscoveredFilters filters) implements ResourceSubscriptions.Kind {
  @Override
  public TypeUrl type() {
    return TypeUrl.EXTENSION_CONFIG;
  }

  @Override
  public String statPrefix(String name) {
    return "extension_config_discovery.http_filter." + name + ".";
  }

  @Override
  public void asked(StatScope scope) {
    scope.counter("config_reload");
    scope.counter("config_fail");
    scope.counter("init_fetch_timeout");
  }

  @Override
  public Optional<Any> placeholder(String name) {
    return Optional.empty();
  }

  @Override
  public Validation<Boolean> deliver(ResourceSource source, ReceivedResource received) {
    return ResourceDecoder.decode(
        received.body(),
        TypedExtensionConfig.parser(),
        Origin.of("filter configuration " + received.name()),
        (proto, _) -> filters.deliver(source, proto));
  }

  @Override
  public void accepted(StatScope scope, boolean changes) {
    if (changes) {
      scope.counter("config_reload").inc();
    }
  }

  @Override
  public void refused(ResourceSource source, String name, StatScope scope) {
    scope.counter("config_fail").inc();
    filters.missing(source, name);
  }

  @Override
  public boolean removed(ResourceSource source, String name, StatScope scope) {
    scope.counter("config_reload").inc();
    filters.removed(source, name);
    return true;
  }

  @Override
  public void missing(ResourceSource source, String name) {
    filters.missing(source, name);
  }
}
