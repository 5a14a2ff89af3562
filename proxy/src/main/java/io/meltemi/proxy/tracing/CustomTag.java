package io.meltemi.proxy.tracing;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.parse.Metadata;
import io.meltemi.proxy.telemetry.DynamicMetadata;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code type.tracing.v3.CustomTag}: what a configuration wants to be said about a span. */
public sealed interface CustomTag {
  String tag();

  /** The value; null when the tag is left out. */
  @Nullable String value(StreamInfo info, Metadata route);

  /** One value for all, such as that of an environment variable. */
  record Fixed(String tag, String value) implements CustomTag {
    @Override
    public String value(StreamInfo info, Metadata route) {
      return value;
    }
  }

  /**
   * A header of the request.
   *
   * @param otherwise when there is no such header; empty to leave the tag out
   */
  record Header(String tag, HeaderName name, String otherwise) implements CustomTag {
    @Override
    public @Nullable String value(StreamInfo info, Metadata route) {
      HeaderBlock headers = info.requestHeaders;
      String value = headers == null ? null : headers.get(name);
      return value == null ? orNothing(otherwise) : value;
    }
  }

  /** Whose metadata. */
  enum Owner {
    REQUEST,
    ROUTE
  }

  /** A field of somebody's metadata. */
  record OfMetadata(String tag, Owner owner, String namespace, List<String> path, String otherwise)
      implements CustomTag {
    public OfMetadata {
      path = List.copyOf(path);
    }

    @Override
    public @Nullable String value(StreamInfo info, Metadata route) {
      Object found =
          switch (owner) {
            case REQUEST -> info.dynamicMetadata.get(namespace, path);
            case ROUTE ->
                DynamicMetadata.descend(
                    route.filters().getOrDefault(namespace, Map.of()).get(path.getFirst()), path);
          };
      return found == null ? orNothing(otherwise) : DynamicMetadata.text(found);
    }
  }

  private static @Nullable String orNothing(String otherwise) {
    return otherwise.isEmpty() ? null : otherwise;
  }
}
