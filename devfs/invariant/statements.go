package invariant

// A Statement is something that must be so.
type Statement struct {
	ID   string // "SF-7"
	Text string
	How  string // how it is checked, and where its check ends
}

// Statements returns all, in the order of their IDs.
func Statements() []Statement { return statements }

// StatementByID returns the statement with an ID, or nil.
func StatementByID(id string) *Statement {
	for n := range statements {
		if statements[n].ID == id {
			return &statements[n]
		}
	}
	return nil
}

var statements = []Statement{
	{"SF-1", "A dentry is instantiated at most once between two states in which it is negative.",
		"at each d_instantiate"},
	{"SF-2", "A record lives as long as a dentry points to it, somebody will use it, or somebody is linked in it.",
		"at each use of a record; in each state for what a revalidated dentry points to"},
	{"SF-3", "A dentry points to a record while its lookup is going on, and not after; operations of a lookup in flight go with a record.",
		"in each state, and at the end of each lookup"},
	{"SF-4", "What is read of a dentry's operations and record for one decision was so at one instant.",
		"at each load in a revalidate: operations in flight and no record is what no state has; a second look under the lock is a new decision"},
	{"SF-5", "Each element in a wait queue belongs to a task inside its wait, and a frame that has ended holds no queue with an element in it.",
		"in each state; at each use of an element"},
	{"SF-6", "Each queued event points to what is alive.",
		"in each state with a queue that is not empty; at each use"},
	{"SF-7", "Nobody who sleeps for a lookup or for the daemon holds an i_sem or the rename semaphore.",
		"at each sleep"},
	{"SF-8", "A lookup and a revalidate return with the i_sems that they were entered with; nobody releases what it does not hold.",
		"at each return and each up; also in a real run"},
	{"SF-9", "i_sems are taken in one order: the rename semaphore, an ancestor, a descendant; also when taken again.",
		"at each down; also in a real run. Of two unrelated directories under the rename semaphore the order is not checked: any will do"},
	{"SF-10", "The references of an entry are those of the tree, its inodes, queued events, and whoever is using it.",
		"exactly at the end; before that, that nothing in the tree or bound to an inode is freed, since who is using it can not be seen"},
	{"SF-11", "A name that can be found, bound, is in the tree, or is on its way out.", "in each state"},
	{"SF-12", "An entry is bound to at most one dentry, and knows which.", "in each state"},
	{"SF-13", "An answer is what was so at some instant of the call; ENOENT only after the daemon was asked, if it could be; ENOMEM only for want of memory.",
		"against a model of one bit for each name, at the end of each call; that successes add up, at the end"},
	{"SF-14", "A name that can be found as missing, and that nobody is looking up, is not registered, or is just being registered.", "in each state"},
	{"SF-15", "Without a daemon nobody is of its class.",
		"at each class test. What a test makes of an owner that changes while it runs is not checked"},
	{"SF-16", "Each event is delivered once, whole, in order.",
		"at each delivery, by type and name. Overruns are counted by the tests of package devfs: a scenario does not fill the queue"},
	{"LV-1", "Each call ends.", "by the explorer: a task sleeps and nobody is left to wake it"},
	{"LV-2", "Nobody waits for itself through others.", "by the explorer, at a dead end"},
	{"LV-3", "Neither the daemon nor who works for it waits for what only the daemon can finish.",
		"at each sleep, for who descends from the daemon; a child that was given another parent is not recognised"},
	{"LV-4", "When the daemon goes everybody who waits for it goes on, and none of its events reaches the next.",
		"by the explorer, and at each change of the owner"},
	{"LV-5", "A wake that comes too early does not end a wait.",
		"at the end of a revalidate and of a lookup that has slept; a stray wake is part of the family"},
	{"LV-6", "Nobody waits for events that came after its own.", "at the end of each event"},
	{"LV-7", "Who starts again does so because somebody else made progress.", "by the explorer, as a livelock or as the step limit"},
	{"LV-8", "At the end no record, no sleeper, no reference and no negative dentry is left.", "at the end"},
}
