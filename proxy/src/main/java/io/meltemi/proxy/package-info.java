/**
 * The data plane's top: settings, the list of extensions and the wiring of one proxy. Started and
 * closed by any one thread; everything else runs on event loops and the configuration loop.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy;
