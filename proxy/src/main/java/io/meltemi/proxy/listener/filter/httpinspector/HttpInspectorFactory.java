package io.meltemi.proxy.listener.filter.httpinspector;

import com.google.protobuf.Any;
import io.meltemi.proxy.listener.ListenerFilterConfig;
import io.meltemi.proxy.listener.ListenerFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/** Makes {@link HttpInspector}s. */
public final class HttpInspectorFactory implements ListenerFilterFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.filters.listener.http_inspector.v3.HttpInspector.class);

  @Override
  public String name() {
    return "envoy.filters.listener.http_inspector";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.filters.listener.http_inspector.v3.HttpInspector");
  }

  @Override
  public Optional<ListenerFilterConfig> parse(Any config, Stats stats, ParseScope scope) {
    return scope
        .unpack(
            config,
            io.envoyproxy.envoy.extensions.filters.listener.http_inspector.v3.HttpInspector.class,
            FIELDS)
        .map(
            proto -> {
              HttpInspectorStats numbers = new HttpInspectorStats(stats.scope("http_inspector."));
              return () -> new HttpInspector(numbers);
            });
  }
}
