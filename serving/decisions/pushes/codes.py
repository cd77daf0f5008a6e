"""What becomes of a customer and a service: sent, held out, or refused, each with its reason; in order of judgement."""

__all__ = ["CODES", "CONTACTS", "HELD_OUT", "MEANINGS", "REFUSALS", "SENT"]

SENT = "SENT"
HELD_OUT = ("HELD_OUT_UNIVERSAL", "HELD_OUT_CAMPAIGN")
CONTACTS = (SENT, *HELD_OUT)
"""What passed every filter: an offer, or what would have been one."""

MEANINGS = {
    "NOT_ELIGIBLE": ("the service is not for this customer", "不符合推荐条件"),
    "ELIGIBILITY_UNKNOWN": ("what decides on it is not known of this customer", "推荐条件数据缺失"),
    "PORTRAIT_STALE": ("the snapshot of customers is too old", "画像已过期"),
    "STANDING_OFFER": ("an offer of this service still stands", "已有未到期推荐"),
    "NO_CONSENT": ("no consent for this purpose by any of its channels", "未授权该用途及渠道"),
    "PROFILING_FORBIDDEN": ("the customer forbids tags and scores", "不同意画像分析"),
    "DO_NOT_CONTACT": ("the customer asked not to be contacted", "免打扰"),
    "QUIET_HOURS": ("the channel is silent at this hour", "静默时段"),
    "CAPACITY_STALE": ("the open capacity is too old", "可开放容量已过期"),
    "CAPACITY_UNKNOWN": ("what is open at a node of the path is not known", "可开放容量未知"),
    "NO_CAPACITY": ("a node of the path has no room for it; the customer waits for it", "容量不足，进入等待名单"),
    "LOW_SCORE": ("it is not worth the contact", "推荐价值不足"),
    "RELIEF_ENOUGH": ("others free what is missing there with fewer contacts", "所需削峰容量已满足"),
    "CAPPED_CHANNEL": ("contacted by this channel not long ago", "渠道频次已达上限"),
    "CAPPED_TOTAL": ("contacted often enough for now", "总频次已达上限"),
    "OUTRANKED": ("another offer of this run comes first", "本轮优先推荐其他服务"),
    "HALL_FULL": ("the hall has as many cards as it can hand out", "营业厅卡片已满"),
    "NO_CHANNEL": ("none of its channels reaches the customer", "无可用触达渠道"),
    "HELD_OUT_UNIVERSAL": ("would be offered; the person is left out of everything, to compare by", "全局对照组"),
    "HELD_OUT_CAMPAIGN": ("would be offered; left out of this campaign, to compare by", "活动对照组"),
    SENT: ("offered", "已推荐"),
}
"""Code → what it says, in English and in Chinese. A decision bears the first that applies."""

CODES = tuple(MEANINGS)
REFUSALS = tuple(one for one in CODES if one not in CONTACTS)
