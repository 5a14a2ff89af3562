package io.meltemi.proxy.http;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.telemetry.ResponseFlag;
import io.netty.buffer.ByteBuf;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One entry of a chain whose configuration comes by discovery. A stream keeps the configuration
 * that was in force when it came to the filter. Instances on event loops; the rest on the
 * configuration thread.
 */
final class DiscoveredFilter implements HttpFilterConfig {
  private final DiscoveredFilters owner;
  private final DiscoveredFilters.Key key;
  private final Use use;
  private final Optional<HttpFilterConfig> fallback;
  private volatile @Nullable HttpFilterConfig config;
  private boolean answered;

  /**
   * How a chain uses the configuration.
   *
   * @param typeUrls what it may be of
   * @param terminal whether the filter is to end the chain
   * @param warms whether a listener waits for it
   * @param fetchTimeout how long; zero for ever
   */
  record Use(Set<String> typeUrls, boolean terminal, boolean warms, Duration fetchTimeout) {
    Use {
      typeUrls = Set.copyOf(typeUrls);
    }
  }

  DiscoveredFilter(
      DiscoveredFilters owner,
      DiscoveredFilters.Key key,
      Use use,
      Optional<HttpFilterConfig> fallback) {
    this.owner = owner;
    this.key = key;
    this.use = use;
    this.fallback = fallback;
    if (!use.warms()) {
      config = fallback.orElse(null);
    }
  }

  DiscoveredFilters.Key key() {
    return key;
  }

  Use use() {
    return use;
  }

  /** Puts a configuration in force; null for the default one. */
  void put(@Nullable HttpFilterConfig newConfig) {
    config = newConfig == null ? fallback.orElse(null) : newConfig;
    answered = true;
  }

  /** Nothing came in time: with the default configuration, or without one, it goes on. */
  void giveUp() {
    if (config == null) {
      config = fallback.orElse(null);
    }
    answered = true;
  }

  @Override
  public void hold() {
    fallback.ifPresent(HttpFilterConfig::hold);
    owner.hold(this);
  }

  @Override
  public boolean isWaiting() {
    return use.warms() && !answered;
  }

  @Override
  public void close() {
    owner.drop(this);
    fallback.ifPresent(HttpFilterConfig::close);
  }

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new Instance(context);
  }

  /** A request that comes while there is no configuration is refused, as Envoy does. */
  private record Missing(HttpFilterContext context) implements HttpFilter {
    @Override
    public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
      context.sendLocalReply(500, "", ResponseFlag.NO_FILTER_CONFIG_FOUND, "");
      return FilterStatus.PAUSE;
    }
  }

  /** The filter of one slot of streams; made anew after the configuration has changed. */
  private final class Instance implements HttpFilter {
    private final HttpFilterContext context;
    private @Nullable HttpFilterConfig madeFrom;
    private @Nullable HttpFilter made;
    private @Nullable HttpFilter running;

    Instance(HttpFilterContext context) {
      this.context = context;
    }

    private HttpFilter running() {
      HttpFilter present = running;
      if (present == null) {
        HttpFilterConfig current = config;
        present = made;
        if (present == null || current != madeFrom) {
          present = current == null ? new Missing(context) : current.newFilter(context);
          made = present;
          madeFrom = current;
        }
        running = present;
      }
      return present;
    }

    @Override
    public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
      return running().decodeHeaders(headers, endStream);
    }

    @Override
    public FilterStatus decodeData(ByteBuf data, boolean endStream) {
      return running().decodeData(data, endStream);
    }

    @Override
    public FilterStatus decodeTrailers(HeaderBlock trailers) {
      return running().decodeTrailers(trailers);
    }

    @Override
    public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
      return running().encodeHeaders(headers, endStream);
    }

    @Override
    public FilterStatus encodeData(ByteBuf data, boolean endStream) {
      return running().encodeData(data, endStream);
    }

    @Override
    public FilterStatus encodeTrailers(HeaderBlock trailers) {
      return running().encodeTrailers(trailers);
    }

    @Override
    public void onDownstreamWritable(boolean writable) {
      HttpFilter present = running;
      if (present != null) {
        present.onDownstreamWritable(writable);
      }
    }

    @Override
    public void onStreamEnd() {
      HttpFilter present = running;
      running = null;
      if (present != null) {
        present.onStreamEnd();
      }
    }
  }
}
