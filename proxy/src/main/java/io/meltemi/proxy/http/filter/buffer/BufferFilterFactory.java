package io.meltemi.proxy.http.filter.buffer;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.extensions.filters.http.buffer.v3.Buffer;
import io.envoyproxy.envoy.extensions.filters.http.buffer.v3.BufferPerRoute;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.parse.SupportedFields;
import io.meltemi.proxy.route.RouteFilterConfig;
import java.util.Optional;
import java.util.Set;

/** Parses how much of a request is held. */
public final class BufferFilterFactory implements HttpFilterFactory {
  private static final String TYPE_PREFIX =
      "type.googleapis.com/envoy.extensions.filters.http.buffer.v3.";
  private static final SupportedFields BUFFER =
      SupportedFields.of(Buffer.class, "max_request_bytes");
  private static final SupportedFields ROUTE =
      SupportedFields.of(BufferPerRoute.class, "disabled", "buffer");

  @Override
  public String name() {
    return "envoy.filters.http.buffer";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of(TYPE_PREFIX + "Buffer");
  }

  @Override
  public Set<String> routeTypeUrls() {
    return Set.of(TYPE_PREFIX + "BufferPerRoute");
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    return scope
        .unpack(config, Buffer.class)
        .flatMap(proto -> limit(proto, scope).map(limit -> limit));
  }

  @Override
  public Optional<RouteFilterConfig> parseRoute(Any config, ParseScope scope) {
    return scope
        .unpack(config, BufferPerRoute.class, ROUTE)
        .flatMap(
            proto ->
                switch (proto.getOverrideCase()) {
                  case BUFFER ->
                      limit(proto.getBuffer(), scope.field("buffer")).map(limit -> limit);
                  case DISABLED -> Optional.of(BufferFilter.Limit.NONE);
                  case OVERRIDE_NOT_SET -> {
                    scope.error("nothing", "disabled or buffer");
                    yield Optional.empty();
                  }
                });
  }

  private static Optional<BufferFilter.Limit> limit(Buffer proto, ParseScope scope) {
    BUFFER.check(proto, scope);
    int max = proto.getMaxRequestBytes().getValue();
    if (max <= 0) {
      scope
          .field("max_request_bytes")
          .error(
              proto.hasMaxRequestBytes() ? Integer.toUnsignedString(max) : "nothing",
              "1 to 2147483647");
      return Optional.empty();
    }
    return Optional.of(new BufferFilter.Limit(max));
  }
}
