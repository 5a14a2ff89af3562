package io.meltemi.proxy.listener.filter.tlsinspector;

import com.google.protobuf.Any;
import io.meltemi.proxy.listener.ListenerFilterConfig;
import io.meltemi.proxy.listener.ListenerFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/** Makes {@link TlsInspector}s. */
public final class TlsInspectorFactory implements ListenerFilterFactory {
  private static final SupportedFields FIELDS =
      SupportedFields.of(
          io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector.class,
          "initial_read_buffer_size");

  @Override
  public String name() {
    return "envoy.filters.listener.tls_inspector";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector");
  }

  @Override
  public Optional<ListenerFilterConfig> parse(Any config, Stats stats, ParseScope scope) {
    return scope
        .unpack(
            config,
            io.envoyproxy.envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector.class,
            FIELDS)
        .map(
            proto -> {
              TlsInspectorStats numbers = new TlsInspectorStats(stats.scope("tls_inspector."));
              return () -> new TlsInspector(numbers);
            });
  }
}
