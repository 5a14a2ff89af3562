package io.meltemi.proxy.listener.filter.originaldst;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.listener.original_dst.v3.OriginalDst;
import io.meltemi.proxy.listener.ListenerFilterConfig;
import io.meltemi.proxy.listener.ListenerFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.telemetry.Stats;
import java.util.Optional;
import java.util.Set;

/** Makes {@link OriginalDestinationFilter}s. */
public final class OriginalDestinationFilterFactory implements ListenerFilterFactory {
  private static final SupportedFields FIELDS = SupportedFields.of(OriginalDst.class);

  @Override
  public String name() {
    return "envoy.filters.listener.original_dst";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(
        "type.googleapis.com/envoy.extensions.filters.listener.original_dst.v3.OriginalDst");
  }

  @Override
  public Optional<ListenerFilterConfig> parse(Any config, Stats stats, ParseScope scope) {
    return scope.unpack(config, OriginalDst.class, FIELDS).map(_ -> OriginalDestinationFilter::new);
  }
}
