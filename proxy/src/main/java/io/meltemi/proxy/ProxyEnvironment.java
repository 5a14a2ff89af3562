package io.meltemi.proxy;

import io.grpc.Channel;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.loop.Workers;
import io.meltemi.proxy.transport.TlsEngine;
import java.io.PrintStream;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * What a proxy takes from its surroundings.
 *
 * @param workers event loops shared with other proxies; empty for loops of its own
 * @param adsChannel to the control plane in the same process, used instead of dialling; stays the
 *     caller's to shut down
 * @param seed of everything random
 * @param tlsEngine asked for at the first use of TLS
 * @param stdout where access logs to {@code /dev/stdout} go
 */
public record ProxyEnvironment(
    Optional<Workers> workers,
    Optional<Channel> adsChannel,
    Ticker ticker,
    long seed,
    Supplier<TlsEngine> tlsEngine,
    PrintStream stdout,
    PrintStream stderr) {

  /** A process of its own. */
  public static ProxyEnvironment ofProcess() {
    return new ProxyEnvironment(
        Optional.empty(),
        Optional.empty(),
        Ticker.system(),
        System.nanoTime(),
        TlsEngine::best,
        System.out,
        System.err);
  }

  /** The same with event loops that other proxies use as well. */
  public ProxyEnvironment withWorkers(Workers shared) {
    return new ProxyEnvironment(
        Optional.of(shared), adsChannel, ticker, seed, tlsEngine, stdout, stderr);
  }

  /** The same with a channel to the control plane. */
  public ProxyEnvironment withAdsChannel(Channel channel) {
    return new ProxyEnvironment(
        workers, Optional.of(channel), ticker, seed, tlsEngine, stdout, stderr);
  }

  /** The same with another engine for TLS. */
  public ProxyEnvironment withTlsEngine(TlsEngine engine) {
    return new ProxyEnvironment(workers, adsChannel, ticker, seed, () -> engine, stdout, stderr);
  }
}
