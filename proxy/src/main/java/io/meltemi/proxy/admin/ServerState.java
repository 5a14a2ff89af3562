package io.meltemi.proxy.admin;

/** Where a proxy is in its life ({@code ServerInfo.State}). */
public enum ServerState {
  LIVE,
  DRAINING,
  PRE_INITIALIZING,
  INITIALIZING
}
