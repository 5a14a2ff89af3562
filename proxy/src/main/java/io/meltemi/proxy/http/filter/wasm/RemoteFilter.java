package io.meltemi.proxy.http.filter.wasm;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;

/**
 * The filter of a module whose code was fetched, once it has come; until then as one that fails.
 */
final class RemoteFilter implements HttpFilter {
  private final RemotePlugin remote;
  private final HttpFilterContext context;
  private @Nullable HttpFilter filter;
  private boolean running;

  RemoteFilter(RemotePlugin remote, HttpFilterContext context) {
    this.remote = remote;
    this.context = context;
  }

  /** That of this stream; null for none. */
  private @Nullable HttpFilter filter() {
    return running ? filter : null;
  }

  @Override
  public boolean seesHeldBody() {
    HttpFilter present = filter();
    return present != null && present.seesHeldBody();
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    HttpFilter made = filter;
    WasmPlugin plugin = remote.plugin();
    if (made == null && plugin != null) {
      made = plugin.newFilter(context);
      filter = made;
    }
    if (made != null) {
      running = true;
      return made.decodeHeaders(headers, endStream);
    }
    if (remote.settings().failure().policy() == PluginSettings.Policy.OPEN) {
      return FilterStatus.CONTINUE;
    }
    context.sendLocalReply(LocalReply.of(503, "", null, "wasm_fail_stream"));
    return FilterStatus.PAUSE;
  }

  @Override
  public FilterStatus decodeData(ByteBuf data, boolean endStream) {
    HttpFilter present = filter();
    return present == null ? FilterStatus.CONTINUE : present.decodeData(data, endStream);
  }

  @Override
  public FilterStatus decodeTrailers(HeaderBlock trailers) {
    HttpFilter present = filter();
    return present == null ? FilterStatus.CONTINUE : present.decodeTrailers(trailers);
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    HttpFilter present = filter();
    return present == null ? FilterStatus.CONTINUE : present.encodeHeaders(headers, endStream);
  }

  @Override
  public FilterStatus encodeData(ByteBuf data, boolean endStream) {
    HttpFilter present = filter();
    return present == null ? FilterStatus.CONTINUE : present.encodeData(data, endStream);
  }

  @Override
  public FilterStatus encodeTrailers(HeaderBlock trailers) {
    HttpFilter present = filter();
    return present == null ? FilterStatus.CONTINUE : present.encodeTrailers(trailers);
  }

  @Override
  public void onDownstreamWritable(boolean writable) {
    HttpFilter present = filter();
    if (present != null) {
      present.onDownstreamWritable(writable);
    }
  }

  @Override
  public void onStreamEnd() {
    HttpFilter present = filter();
    if (present != null) {
      running = false;
      present.onStreamEnd();
    }
  }
}
