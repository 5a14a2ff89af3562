/**
 * Filters of access logs that are written in CEL ({@code
 * envoy.access_loggers.extension_filters.cel}).
 */
@NullMarked
package io.meltemi.proxy.accesslog.cel;

import org.jspecify.annotations.NullMarked;
