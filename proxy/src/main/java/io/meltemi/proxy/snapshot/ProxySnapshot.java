package io.meltemi.proxy.snapshot;

/**
 * The configuration in force at one moment.
 *
 * @param hash equal exactly when every resource in force is equal
 */
public record ProxySnapshot(String hash, int clusters, int routeTables, int listeners) {
  public static final ProxySnapshot EMPTY = new ProxySnapshot("0", 0, 0, 0);
}
