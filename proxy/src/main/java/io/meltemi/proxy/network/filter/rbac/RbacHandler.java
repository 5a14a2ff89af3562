package io.meltemi.proxy.network.filter.rbac;

import io.meltemi.proxy.loop.LoopTimer;
import io.meltemi.proxy.network.DownstreamConnection;
import io.meltemi.proxy.rbac.AccessRequest;
import io.meltemi.proxy.telemetry.StreamInfo;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.util.ReferenceCountUtil;
import java.util.Optional;

/**
 * Decides when the first bytes of a connection come. Until then filters behind it may act already,
 * as in Envoy: a TCP proxy connects.
 */
final class RbacHandler extends ChannelInboundHandlerAdapter {
  private final RbacConfig config;
  private final DownstreamConnection connection;
  private final LoopTimer delay =
      new LoopTimer() {
        @Override
        protected void onTimeout() {
          connection.channel().close();
        }
      };
  private boolean decided;
  private boolean denied;

  RbacHandler(RbacConfig config, DownstreamConnection connection) {
    this.config = config;
    this.connection = connection;
  }

  @Override
  public void channelRead(ChannelHandlerContext ctx, Object message) {
    if (!denied && (!decided || config.continuous())) {
      decided = true;
      decide(ctx);
    }
    if (denied) {
      ReferenceCountUtil.release(message);
    } else {
      ctx.fireChannelRead(message);
    }
  }

  private void decide(ChannelHandlerContext ctx) {
    StreamInfo info = new StreamInfo();
    connection.describe(info);
    info.dynamicMetadata = connection.dynamicMetadata();
    AccessRequest request = new AccessRequest(Optional::empty, connection.filterState()::get);
    request.begin(connection.accessFacts(), info);
    String details = config.check().deny(request, info.dynamicMetadata);
    if (details == null) {
      return;
    }
    denied = true;
    connection.terminationDetails(details);
    if (config.delayNanos() > 0) {
      ctx.channel().config().setAutoRead(false);
      connection.loop().timers().start(delay, config.delayNanos());
    } else {
      ctx.channel().close();
    }
  }

  @Override
  public void channelInactive(ChannelHandlerContext ctx) {
    connection.loop().timers().cancel(delay);
    ctx.fireChannelInactive();
  }
}
