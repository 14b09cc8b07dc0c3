// Package refcount counts references, and tells when a struct is used after
// its life has ended.
//
// [Count] is a counter that saturates instead of wrapping (refcount_t).
// [Shared] and [Frame] are structs with a life time: a use after the end is
// reported with the places where the struct was made, where it ended and where
// it was used.
package refcount
